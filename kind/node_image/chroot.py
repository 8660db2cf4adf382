"""Commands inside a root file system."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from kind.commands import run

_TIMEOUT_S = 600


def run_in(root: Path, *command: str) -> str:
    """What `command`, run with `root` as its file system, wrote."""
    return run(["chroot", root, *command], timeout_s=_TIMEOUT_S)


@contextmanager
def mounted(root: Path, *, archives: Path | None = None) -> Iterator[None]:
    """Have /proc in `root`, and the folder `archives` as /tmp/images, until the end of the block."""
    with ExitStack() as stack:
        run(["mount", "-t", "proc", "proc", root / "proc"], timeout_s=_TIMEOUT_S)
        stack.callback(run, ["umount", root / "proc"], timeout_s=_TIMEOUT_S)
        if archives is not None:
            target = root / "tmp/images"
            target.mkdir(parents=True, exist_ok=True)
            run(["mount", "--bind", archives, target], timeout_s=_TIMEOUT_S)
            stack.callback(run, ["umount", target], timeout_s=_TIMEOUT_S)
        yield
