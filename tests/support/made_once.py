"""Creates a file or folder once for all processes of this user, and keeps it in a cache outside the checkout.

Building the API server takes minutes, and the processes of pytest-xdist need it at the same time: one builds, the
others wait, and none sees an incomplete build.
"""

import fcntl
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from platformdirs import user_cache_path

CACHE = user_cache_path("darkroom")


def made_once(target: Path, make: Callable[[Path], None]) -> Path:
    """Return `target`, after `make` has created it if it does not exist.

    `make` writes a file or a folder to the given path in the same folder, which is then renamed to `target`.
    """
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with locked(target.with_name(f".{target.name}.lock")):
        if not target.exists():
            prefix = f".{target.name}.scratch-"
            for left_over in target.parent.glob(f"{prefix}*"):  # of killed processes, because this one has the lock
                shutil.rmtree(left_over, ignore_errors=True)
            scratch = Path(tempfile.mkdtemp(prefix=prefix, dir=target.parent))
            try:
                make(scratch / target.name)
                (scratch / target.name).rename(target)
            finally:
                shutil.rmtree(scratch, ignore_errors=True)
    return target


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path`. The lock is released when this process ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
