"""A process that is a fork of this one, and so has what this one has imported and loaded.

Only for a process with a single thread: a fork has no other, and a lock that another held would stay locked in it.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Final

from darkroom.processes.parent_death import end_with_parent

_POLL_S: Final = 0.02
_JOINED_S: Final = 0.2


def can_fork() -> bool:
    """Whether this process runs on Linux and has a single thread. Counts those of libraries too."""
    return sys.platform == "linux" and len(list(Path("/proc/self/task").iterdir())) == 1


def can_fork_beside_libraries() -> bool:
    """Whether this process runs on Linux and Python has a single thread.

    For a process whose other threads are those that NumPy and ONNX Runtime start when they are imported: they only wait
    for work, and both do without them in a fork. Threads of a Kafka client are not such ones: close it before.
    """
    if sys.platform != "linux" or threading.active_count() > 1:
        return False
    deadline = time.monotonic() + _JOINED_S
    while has_kafka_threads := _has_kafka_threads():
        if time.monotonic() > deadline:
            break
        time.sleep(_POLL_S)
    return not has_kafka_threads


def _has_kafka_threads() -> bool:
    """Whether librdkafka has a thread: their names begin with `rdk:`. A joined thread is still listed for a moment."""
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):
            if (task / "comm").read_bytes().startswith(b"rdk:"):
                return True
    return False


class Forked:
    """A fork of this process that runs one function, with a part of the interface of `subprocess.Popen`.

    It ends with this process. Its stdin and stdout are `/dev/null`.
    """

    def __init__(self, work: Callable[[], int | None]) -> None:
        """Run `work` in the new process, which ends with the code that it returns, or with 1 and a traceback."""
        own = os.getpid()
        self.pid = os.fork()
        self._code: int | None = None
        if self.pid == 0:
            _run(work, own)

    def poll(self) -> int | None:
        """The exit code, minus the signal's number if a signal ended the process. None while it runs."""
        if self._code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._code = os.waitstatus_to_exitcode(status)
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the exit, for at most `timeout` seconds. Returns the exit code as `poll` does.

        Raises:
            TimeoutExpired: the process still runs.
        """
        if timeout is None and self._code is None:
            self._code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        deadline = time.monotonic() + (timeout or 0.0)
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("a fork", timeout or 0.0)
            time.sleep(_POLL_S)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal, unless the process has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill the process without waiting."""
        self.send_signal(signal.SIGKILL)


def _run(work: Callable[[], int | None], parent: int) -> None:
    """Run `work`, then end this process: what its parent does next is not for it, even if `work` fails."""
    code = 1
    try:
        if end_with_parent(parent):
            null = os.open(os.devnull, os.O_RDWR)
            for standard in (0, 1):
                os.dup2(null, standard)
            os.close(null)
            code = work() or 0
    except BaseException:  # noqa: BLE001 - as the interpreter does
        traceback.print_exc()
    finally:
        os._exit(code)
