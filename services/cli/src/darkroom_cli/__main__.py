"""The command `darkroom`."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def main() -> int:
    """Run the command line as `darkroom`. Returns the exit code."""
    with _ended_by_ctrl_c():
        from darkroom_cli.command import run  # noqa: PLC0415 - takes a third of a second
    return run("darkroom")


def kubectl_plugin() -> int:
    """Run the command line as `kubectl darkroom`, which uses the ingestion service of a cluster. As `main`."""
    with _ended_by_ctrl_c():
        from darkroom_cli.command import run  # noqa: PLC0415 - takes a third of a second
        from darkroom_cli.commands.connection import PLUGIN  # noqa: PLC0415
    return run(PLUGIN)


@contextmanager
def _ended_by_ctrl_c() -> Iterator[None]:
    """In the block, Ctrl-C ends this process at once. Python would print where it is in the imports."""
    handler = signal.getsignal(signal.SIGINT)
    if handler is signal.default_int_handler:  # it is another one in a shell's background job, which ignores Ctrl-C
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


if __name__ == "__main__":
    sys.exit(main())
