"""A supervised worker process."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Final

from darkroom.backoff import Backoff
from darkroom.processes.forked import Forked, can_fork_beside_libraries

_STEADY_AFTER_S: Final = 60.0


@dataclass(frozen=True)
class Forks:
    """How processes are started as forks of their parent, which has loaded the model: they share its memory.

    Attributes:
        work: runs a process. Takes its number, and a file descriptor to write the port of its endpoint to. Returns the
            exit code.
        alone: a block in which the parent has no thread of its own but the one that forks.
    """

    work: Callable[[int, int], int]
    alone: Callable[[], AbstractContextManager[None]]


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
        forks: Forks | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare the process.

        Args:
            number: its number.
            command: starts it where it can't be a fork. Takes a file descriptor to write the port to.
            inherited: more file descriptors for the command.
            forks: how it is forked; None if it never is.
            clock: seconds.
        """
        self.number = number
        self._forks = forks
        self._inherited = inherited
        self._command = command
        self._clock = clock
        self._backoff = Backoff(first_s=0.5, most_s=30.0)
        self._process: subprocess.Popen[bytes] | Forked | None = None
        self.port: int | None = None
        self._port_reader = -1
        self._started_at = 0.0
        self._start_at = 0.0

    def supervise(self) -> int | None:
        """Start the process if its back-off is over. Returns its exit code once after it has ended, else None."""
        if self._process is None:
            if self._clock() >= self._start_at:
                self._start()
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

    def _start(self) -> None:
        self._port_reader, port_writer = os.pipe()
        try:
            self._process = self._forked(port_writer) or self._new(port_writer)
        finally:
            os.close(port_writer)
        self._started_at = self._clock()

    def _forked(self, port_writer: int) -> Forked | None:
        """None if it can't be forked now."""
        if self._forks is None:
            return None
        with self._forks.alone():
            return Forked(partial(self._in_fork, self._forks, port_writer)) if can_fork_beside_libraries() else None

    def _in_fork(self, forks: Forks, port_writer: int) -> int:
        os.close(self._port_reader)
        os.setsid()  # as a new process
        return forks.work(self.number, port_writer)

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
