"""A supervised worker process."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from darkroom.backoff import Backoff
from darkroom.processes.forked import Forked

_STEADY_AFTER_S: Final = 60.0


class Child:
    """One of several worker processes. Restarted when it ends.

    Attributes:
        port: the port of its endpoint; None while it is not known.
    """

    def __init__(
        self,
        number: int,
        command: Callable[[int], list[str]],
        inherited: tuple[int, ...] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`command` takes a file descriptor to write the port to; `inherited` are more descriptors for the process."""
        self.number = number
        self._inherited = inherited
        self._command = command
        self._clock = clock
        self._backoff = Backoff(first_s=0.5, most_s=30.0)
        self._process: subprocess.Popen[bytes] | Forked | None = None
        self.port: int | None = None
        self._port_reader = -1
        self._started_at = 0.0
        self._start_at = 0.0

    def fork(self, work: Callable[[int], int]) -> None:
        """Start the process as a fork of this one. `work` takes a file descriptor to write the port to."""

        def in_fork(port_writer: int) -> int:
            os.close(self._port_reader)
            os.setsid()  # as a new process
            return work(port_writer)

        self._start(lambda port_writer: Forked(partial(in_fork, port_writer)))

    def supervise(self) -> int | None:
        """Start the process if its back-off is over. Returns its exit code once after it has ended, else None."""
        if self._process is None:
            if self._clock() >= self._start_at:
                self._start(self._new)
            return None
        code = self._process.poll()
        if code is None:
            self._learn_port()
            return None
        if self._clock() - self._started_at > _STEADY_AFTER_S:
            self._backoff.reset()
        self._start_at = self._clock() + self._backoff.next_s()
        self._forget()
        return code

    def terminate(self) -> None:
        """Send SIGTERM to the process."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def abort(self) -> None:
        """Send SIGABRT to the process: it logs the stacks of its threads and ends, even if native code hangs."""
        if self._process is not None:
            self._process.send_signal(signal.SIGABRT)

    @property
    def is_stopped(self) -> bool:
        """Whether the process is stopped (SIGSTOP). False where the system does not say it of a running one."""
        if self._process is None or not hasattr(os, "waitid"):  # macOS
            return False
        return os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WNOHANG | os.WNOWAIT) is not None

    def wait(self, timeout_s: float) -> bool:
        """Wait for the end of the process. Kills it after `timeout_s`. Returns whether it exited with 0."""
        if self._process is None:
            return True
        try:
            code = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        self._forget()
        return code == 0

    def _start(self, start: Callable[[int], subprocess.Popen[bytes] | Forked]) -> None:
        self._port_reader, port_writer = os.pipe()
        try:
            self._process = start(port_writer)
        finally:
            os.close(port_writer)
        self._started_at = self._clock()

    def _new(self, port_writer: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - our own interpreter and module
            self._command(port_writer),
            pass_fds=(port_writer, *self._inherited),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _learn_port(self) -> None:
        if self.port is None and (text := _read_now(self._port_reader)):
            self.port = int(text)

    def _forget(self) -> None:
        self._process, self.port = None, None
        if self._port_reader >= 0:
            os.close(self._port_reader)
            self._port_reader = -1


def _read_now(reader: int) -> bytes:
    os.set_blocking(reader, False)
    try:
        return os.read(reader, 16)
    except BlockingIOError:
        return b""
