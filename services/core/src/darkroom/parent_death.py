"""End a process when the one that started it ends, however that happens.

Also a script, `parent_death.py PARENT_PID COMMAND…`, that becomes a command which ends with its parent. The call has to
be made in the child, and code between fork and exec of a process with threads may deadlock; a script of its own can't.
It imports nothing but the standard library, so it starts in a few milliseconds.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

_PR_SET_PDEATHSIG = 1


def end_with_parent(parent: int) -> bool:
    """Have the kernel kill this process when the process `parent` ends; False if it has ended already.

    Only Linux has the parent-death signal; elsewhere this process outlives a parent that is killed.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    return os.getppid() == parent


def ending_with_us(command: Sequence[str]) -> list[str]:
    """`command` as this process has to start it so that it ends with the thread that started it.

    `command[0]` is a path: no PATH is searched.
    """
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), *command]


def main() -> None:
    """Become the command."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if not end_with_parent(parent):
        raise SystemExit("the parent process is gone")
    os.execv(command[0], command)  # noqa: S606 - the point of this script


if __name__ == "__main__":
    main()
