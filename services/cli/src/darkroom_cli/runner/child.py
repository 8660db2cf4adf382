"""A child process whose output goes to a file, and which does not outlive us."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from darkroom_cli import local_kafka

TRAMPOLINE = Path(local_kafka.__file__).with_name("die_with_parent.py")
_TAIL_BYTES = 16_384
_KILL_TIMEOUT_S = 10.0


class Child:
    """A process that we started, in the main thread: the kernel ends it with the thread that started it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.returncode is None

    async def wait(self) -> int:
        """Its exit code, once it has ended; minus the signal's number if one ended it."""
        return await self._process.wait()

    async def stop(self, timeout_s: float) -> bool:
        """Ask it to end, make it end after `timeout_s`; whether it ended by itself. Safe to call twice."""
        self._send(signal.SIGTERM)
        try:
            async with asyncio.timeout(timeout_s):
                await self.wait()
        except TimeoutError:
            self.kill()
            async with asyncio.timeout(_KILL_TIMEOUT_S):
                await self.wait()
            return False
        return True

    def kill(self) -> None:
        """End it at once."""
        self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            self._process.send_signal(number)


async def start_child(module: str, arguments: Sequence[str], log: Path, environment: Mapping[str, str]) -> Child:
    """Start `python -m module arguments…`. What it prints is appended to `log`."""
    command = [sys.executable, "-I", "-S", str(TRAMPOLINE), str(os.getpid())]
    # -P: a file of the user's folder, say `typing.py`, must not be taken for a module.
    command += [sys.executable, "-P", "-m", module, *arguments]
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **environment},
            start_new_session=True,  # Ctrl-C in the terminal is for us alone: we end the children in order
        )
    return Child(process)


def last_lines(log: Path, count: int) -> list[str]:
    """The last lines of a log that say something."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
            text = file.read().decode(errors="replace")
    except OSError:
        return []
    return [line.rstrip() for line in text.splitlines() if line.strip()][-count:]


def how_it_ended(code: int) -> str:
    """An exit code in words."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
