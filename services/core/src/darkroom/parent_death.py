"""End a process when the one that started it ends, however that happens."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def end_with_parent(parent: int) -> bool:
    """Have the kernel kill this process when the process `parent` ends; False if it has ended already.

    Only Linux has the parent-death signal; elsewhere this process outlives a parent that is killed.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    return os.getppid() == parent
