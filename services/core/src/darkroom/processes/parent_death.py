"""Ends a process when its parent ends in any way.

Also a script, `parent_death.py PARENT_PID COMMAND…`, which replaces itself with a command that ends with its parent.
The system call must be made in the child, and code between fork and exec of a process with threads may deadlock; a
separate script can't. It imports only the standard library, so it starts in a few milliseconds.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

_PR_SET_PDEATHSIG = 1


def end_with_parent(parent: int) -> bool:
    """Make the kernel kill this process when the process `parent` ends. Returns False if it has already ended.

    Only Linux has the parent-death signal. On other systems this process outlives a killed parent.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    return os.getppid() == parent


def ending_with_us(command: Sequence[str]) -> list[str]:
    """The command to start instead of `command`, so that the process ends with the starting thread.

    `command[0]` must be a path: PATH is not searched.
    """
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), *command]


def main() -> None:
    """Run the command in place of this process."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if not end_with_parent(parent):
        raise SystemExit(1)  # without a message: it would be an additional line below what the parent has said
    os.execv(command[0], command)  # noqa: S606 - the purpose of this script


if __name__ == "__main__":
    main()
