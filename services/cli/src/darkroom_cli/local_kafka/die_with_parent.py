"""Become a command that the kernel kills when its parent is gone: `die_with_parent.py PARENT_PID COMMAND ARGUMENT…`.

A script, not a function: code between fork and exec of a process with threads may deadlock, an exec of its own can't.
Only Linux knows the parent-death signal; elsewhere the command outlives a parent that is killed with SIGKILL.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask for the signal, then see that the parent is still there, for it may have gone before; then exec."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise SystemExit("the parent process is gone")
    os.execv(command[0], command)  # noqa: S606 - the point of this script


if __name__ == "__main__":
    main()
