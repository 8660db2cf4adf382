"""Starts the fork server, and processes through it."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import IO, Final

from darkroom.processes.parent_death import ending_with_us
from darkroom_cli.processes.fork_server.request import Request

_MODULE: Final = "darkroom_cli.processes.fork_server"
_KILLED: Final = -signal.SIGKILL


class ForkServer:
    """A fork server, which ends with the calling thread. Only on Linux, where a fork may use what it has imported."""

    def __init__(self, modules: Sequence[str]) -> None:
        """Start the process, which imports `modules`, and return at once."""
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                ending_with_us([sys.executable, "-P", "-m", _MODULE, str(theirs.fileno()), *modules]),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )

    def start(
        self, module: str, arguments: Sequence[str], environment: Mapping[str, str], stderr: IO[bytes]
    ) -> "ForkedProcess":
        """Run `module`, one of those that the fork server imports, in a new process with pipes for stdin and stdout.

        Raises:
            OSError: the fork server has ended.
        """
        request = json.dumps(asdict(Request(module, arguments, environment))).encode()
        stdin, to_stdin = os.pipe()
        from_stdout, stdout = os.pipe()
        from_report, report = os.pipe()
        theirs = [stdin, stdout, stderr.fileno(), report]
        try:
            socket.send_fds(self._control, [request], theirs)
        finally:
            for descriptor in (stdin, stdout, report):
                os.close(descriptor)
        return ForkedProcess(os.fdopen(to_stdin, "wb"), os.fdopen(from_stdout, "rb"), os.fdopen(from_report, "rb"))

    def close(self) -> None:
        """End the fork server, and kill the processes that still run."""
        self._control.close()
        self._process.kill()
        self._process.wait()


class ForkedProcess:
    """A process of the fork server, with a part of the interface of `subprocess.Popen`. `wait` must be called, once."""

    def __init__(self, stdin: IO[bytes], stdout: IO[bytes], report: IO[bytes]) -> None:
        self.stdin, self.stdout = stdin, stdout
        self._report = report
        self._pid: int | None = None
        self._started = threading.Event()

    def wait(self) -> int:
        """Wait for the exit. Returns the exit code; minus the signal's number if a signal ended it."""
        with self._report as report:
            self._pid = int(report.readline() or 0) or None
            self._started.set()
            code = report.readline()
            self._pid = None
        return int(code or _KILLED)  # without a report, it has ended with the fork server

    def send_signal(self, number: int) -> None:
        """Send a signal, once the process has started. Does nothing if it has ended."""
        self._started.wait()
        if (pid := self._pid) is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
