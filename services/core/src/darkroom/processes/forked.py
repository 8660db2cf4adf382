"""A process that is a fork of this one, and so has what this one has imported.

Only for a process with a single thread: a fork has no other, and a lock that another held would stay locked in it.
"""

import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Final

from darkroom.processes.parent_death import end_with_parent

_POLL_S: Final = 0.02


def can_fork() -> bool:
    """Whether this process runs on Linux and has a single thread. Counts those of libraries too."""
    return sys.platform == "linux" and len(list(Path("/proc/self/task").iterdir())) == 1


class Forked:
    """A fork of this process that runs one function, with a part of the interface of `subprocess.Popen`.

    It ends with this process. Its stdin and stdout are `/dev/null`.
    """

    def __init__(self, work: Callable[[], None]) -> None:
        """Run `work` in the new process, which ends with 0 afterwards, or with 1 and a traceback on stderr."""
        own = os.getpid()
        self._pid = os.fork()
        if self._pid == 0:
            _run(work, own)

    def wait(self, timeout_s: float | None = None) -> int:
        """Wait for the exit, once. Returns the exit code; minus the signal's number if a signal ended it.

        Raises:
            TimeoutExpired: the process still runs.
        """
        if timeout_s is None:
            return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        deadline = time.monotonic() + timeout_s
        while True:
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("a fork", timeout_s)
            time.sleep(_POLL_S)

    def kill(self) -> None:
        """Kill the process without waiting. Call it before `wait` has returned."""
        os.kill(self._pid, signal.SIGKILL)


def _run(work: Callable[[], None], parent: int) -> None:
    """Run `work`, then end this process: what its parent does next is not for it, even if `work` fails."""
    code = 1
    try:
        if end_with_parent(parent):
            null = os.open(os.devnull, os.O_RDWR)
            for standard in (0, 1):
                os.dup2(null, standard)
            os.close(null)
            work()
            code = 0
    except BaseException:  # noqa: BLE001 - as the interpreter does
        traceback.print_exc()
    finally:
        os._exit(code)
