"""Make something once for every process of this user, and keep it in the cache outside the checkout.

Building the API server takes minutes, and pytest-xdist asks for it from several processes at the same time: one of them
builds, the others wait for it, and nobody ever sees half of it.
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
    """Answer `target`, after `make` has written it if it is not there yet.

    `make` is given a path beside `target` to write a file or a folder to; it becomes `target` in one step.
    """
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with locked(target.with_name(f".{target.name}.lock")):
        if not target.exists():
            prefix = f".{target.name}.scratch-"
            for left_over in target.parent.glob(f"{prefix}*"):  # by a process that was killed: we have the lock
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
    """Hold the lock file `path` against every other process; it is let go when this process dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
