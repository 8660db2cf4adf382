"""A program for a test, with its output in a file. It ends with the process that started it."""

import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from darkroom.processes.parent_death import ending_with_us

POLL_S = 0.05
STOP_TIMEOUT_S = 10.0


class ChildProcess:
    """A running program. `log` has the output of all its runs."""

    def __init__(self, command: Sequence[object], log: Path) -> None:
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                ending_with_us([str(part) for part in command]),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C must reach only pytest, which stops its children in order
            )
        self._name = Path(str(command[0])).name

    @property
    def pid(self) -> int:
        """The program's process id."""
        return self._process.pid

    def check(self) -> None:
        """Raise, with the end of the log, if the program has ended."""
        if self._process.poll() is not None:
            raise RuntimeError(f"{self._name} ended with {self._process.returncode}:\n{self._log_tail()}")

    def wait_until(self, ready: Callable[[], bool], timeout_s: float) -> None:
        """Wait for `ready()`. Raises with the end of the log if the program ends or the time is over before."""
        deadline = time.monotonic() + timeout_s
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self._name} was not ready after {timeout_s:.0f} s:\n{self._log_tail()}")
            time.sleep(POLL_S)

    def terminate(self) -> None:
        """Send SIGTERM and wait; kill the program if it does not end."""
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Kill the program, to simulate a crash."""
        self._process.kill()
        self._process.wait(STOP_TIMEOUT_S)

    def _log_tail(self) -> str:
        return f"{self.log}: ..." + self.log.read_text(errors="replace")[-3000:]
