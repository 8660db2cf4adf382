"""A service's process: it can be killed, stopped and started again, and does not outlive this one."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

from darkroom.parent_death import ending_with_us
from tests.support.http_get import http_get

_TIMEOUT_S: Final = 30.0


class Child:
    """`python -m tests.chaos.launch SKEW MODULE …`, to be started in a thread that lives as long (Linux ends it else).

    Args:
        log: where it writes; all its lives, one after the other.
    """

    def __init__(self, name: str, module: str, arguments: list[str], log: Path) -> None:
        self.name = name
        self.log = log
        self._module, self._arguments = module, arguments
        self._process: subprocess.Popen[bytes] | None = None
        self._read_from = 0
        self._asked_to_end = False

    def start(self, skew_s: float) -> None:
        """Start it, with a clock that is `skew_s` wrong."""
        command = [sys.executable, "-m", "tests.chaos.launch", str(skew_s), self._module, *self._arguments]
        with self.log.open("ab") as output:
            self._read_from = output.tell()
            self._process = subprocess.Popen(
                ending_with_us(command),
                cwd=Path(__file__).parents[2],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process is not None and self._process.poll() is None

    def partitions(self) -> int:
        """How many partitions a worker says it has; 0 when it does not answer."""
        if not (found := self.said(r"port=(\d+)")):
            return 0
        status, body = http_get(int(found[1]), "/readyz", _TIMEOUT_S)
        return int(json.loads(body).get("partitions", 0)) if status else 0

    @property
    def has_partitions(self) -> bool:
        """Whether a worker has been given partitions since it was started."""
        return self.said(r"change=.*assigned") is not None

    def said(self, pattern: str) -> re.Match[str] | None:
        """The first match in what it has written since it was started."""
        with self.log.open("rb") as file:
            file.seek(self._read_from)
            return re.search(pattern, file.read().decode(errors="replace"))

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        if self._process is not None:
            self._process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL."""
        self.send(signal.SIGKILL)
        if self._process is not None:
            self._process.wait(_TIMEOUT_S)

    def ask_to_end(self) -> None:
        """SIGTERM, once: a second one would end it at once."""
        self._asked_to_end = True
        self.send(signal.SIGTERM)
        self.send(signal.SIGCONT)

    def end(self) -> int | None:
        """SIGTERM; the exit code, or None if it had to be killed in the end."""
        if self._process is None:
            return 0
        if not self._asked_to_end:
            self.ask_to_end()
        try:
            return self._process.wait(_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()
            return None
