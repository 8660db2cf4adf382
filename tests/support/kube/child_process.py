"""A program that runs as long as a test needs it: its output in a file, and dead with the process that started it."""

import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from darkroom.parent_death import ending_with_us

POLL_S = 0.05
STOP_TIMEOUT_S = 10.0


class ChildProcess:
    """One running program. `log` holds what it wrote, of every run."""

    def __init__(self, command: Sequence[object], log: Path) -> None:
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                ending_with_us([str(part) for part in command]),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C is for pytest, which then stops its children in the right order
            )
        self._name = Path(str(command[0])).name

    @property
    def pid(self) -> int:
        """Of the program."""
        return self._process.pid

    def check(self) -> None:
        """Complain, with the end of the log, if it has ended."""
        if self._process.poll() is not None:
            raise RuntimeError(f"{self._name} ended with {self._process.returncode}:\n{self._log_tail()}")

    def wait_until(self, ready: Callable[[], bool], timeout_s: float) -> None:
        """Return when `ready()`; complain with the end of the log if the program ends or the time is up before that."""
        deadline = time.monotonic() + timeout_s
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self._name} was not ready after {timeout_s:.0f} s:\n{self._log_tail()}")
            time.sleep(POLL_S)

    def terminate(self) -> None:
        """Ask it to end, and wait; kill it if it does not."""
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self._process.kill()
        self._process.wait(STOP_TIMEOUT_S)

    def _log_tail(self) -> str:
        return f"{self.log}: ..." + self.log.read_text(errors="replace")[-3000:]
