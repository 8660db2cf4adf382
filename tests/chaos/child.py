"""A process of a service that can be killed, suspended and restarted, and ends with this process."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil

from darkroom.processes.parent_death import ending_with_us
from tests.support.network.http_get import http_get

_TIMEOUT_S: Final = 30.0


class Child:
    """`python -m tests.chaos.launch SKEW MODULE …`. Linux ends it with the thread that starts it.

    Args:
        log: the file for the output of all its runs.
        environment: additional environment variables.
    """

    def __init__(
        self, name: str, module: str, arguments: list[str], log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self._environment = {**os.environ, **(environment or {})}
        self.log = log
        self._module, self._arguments = module, arguments
        self._process: subprocess.Popen[bytes] | None = None
        self._read_from = 0
        self._asked_to_end = False

    def start(self, skew_s: float) -> None:
        """Start the process, with a clock that is off by `skew_s`."""
        command = [sys.executable, "-m", "tests.chaos.launch", str(skew_s), self._module, *self._arguments]
        with self.log.open("ab") as output:
            self._read_from = output.tell()
            self._process = subprocess.Popen(
                ending_with_us(command),
                cwd=Path(__file__).parents[2],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self._environment,
                start_new_session=True,
            )

    @property
    def running(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def partitions(self) -> int:
        """The number of partitions that a worker reports; 0 if it does not respond."""
        if not (found := self.said(r"port=(\d+)")):
            return 0
        status, body = http_get(int(found[1]), "/readyz", _TIMEOUT_S)
        if not status:
            return 0
        detail = json.loads(body)
        return sum(int(process.get("partitions", 0)) for process in detail.get("processes", [detail]))

    @property
    def has_partitions(self) -> bool:
        """Whether a worker has been assigned partitions since its start."""
        return self.said(r"change=.*assigned|share group changed.*partitions=[1-9]") is not None

    def said(self, pattern: str) -> re.Match[str] | None:
        """The first match in its output since its start."""
        with self.log.open("rb") as file:
            file.seek(self._read_from)
            return re.search(pattern, file.read().decode(errors="replace"))

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        if self._process is not None:
            self._process.send_signal(number)

    def suspend(self) -> None:
        """SIGSTOP this process, then those that it has started."""
        self.send(signal.SIGSTOP)
        self._send_to_started(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT all."""
        self._send_to_started(signal.SIGCONT)
        self.send(signal.SIGCONT)

    def kill_started(self) -> None:
        """SIGKILL the processes that this one has started, and restarts."""
        self._send_to_started(signal.SIGKILL)

    def kill(self) -> None:
        """SIGKILL."""
        self.send(signal.SIGKILL)
        if self._process is not None:
            self._process.wait(_TIMEOUT_S)

    def ask_to_end(self) -> None:
        """Send SIGTERM once: a second one would end the process immediately."""
        self._asked_to_end = True
        self.send(signal.SIGTERM)
        self.resume()

    def end(self) -> int | None:
        """Send SIGTERM and wait. Returns the exit code, or None if the process had to be killed."""
        if self._process is None:
            return 0
        if not self._asked_to_end:
            self.ask_to_end()
        try:
            return self._process.wait(_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def _send_to_started(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        with suppress(psutil.NoSuchProcess):
            for process in psutil.Process(self._process.pid).children():
                with suppress(psutil.NoSuchProcess):  # a poison image may end it at any time
                    process.send_signal(number)
