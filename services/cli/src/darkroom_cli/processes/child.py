"""Python modules as child processes that end with this process."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from darkroom.processes.held_start import CONTINUE, HELD, LOADED
from darkroom.processes.parent_death import ending_with_us
from darkroom_cli.processes.fork_server.client import ForkedProcess, ForkServer
from darkroom_cli.processes.threads import in_daemon_thread

_TAIL_BYTES = 16_384
_KILL_TIMEOUT_S = 10.0


def start_module(
    module: str,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    stdout: IO[bytes] | int,
    stderr: IO[bytes],
    stdin: int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """Start `python -m module arguments…`. The process ends with the calling thread."""
    # -P: a file in the user's folder, such as `typing.py`, must not be imported as a module.
    return subprocess.Popen(  # noqa: S603 - our own command
        ending_with_us([sys.executable, "-P", "-m", module, *arguments]),
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        env={**os.environ, **environment},
        start_new_session=True,  # Ctrl-C in the terminal must not reach the children, which this process ends in order
    )


class Child:
    """A module that runs as a child process. Start it in the main thread: Linux ends it with the starting thread.

    Does not use asyncio's subprocesses, which may lose a process if they are cancelled while it starts.
    """

    def __init__(
        self,
        module: str,
        arguments: Sequence[str],
        log: Path,
        environment: Mapping[str, str],
        *,
        held: bool = False,
        fork_server: ForkServer | None = None,
    ) -> None:
        """Start the process. Its output is appended to `log`. With `held` it waits for `release` once it has loaded.

        A held process is forked by `fork_server`, if there is one that still runs.
        """
        self._held = held
        with log.open("ab") as output:
            self._process = (
                _start_held(module, arguments, {**environment, **HELD}, output, fork_server)
                if held
                else start_module(module, arguments, environment, stdout=output, stderr=output)
            )
        self._ended = asyncio.ensure_future(in_daemon_thread(self._process.wait))

    async def wait(self) -> int:
        """Wait for the exit. Returns the exit code; minus the signal's number if a signal ended it."""
        return await asyncio.shield(self._ended)

    async def has_loaded(self) -> bool:
        """Wait until a held process has loaded everything. Returns False if it has ended instead."""
        said = self._process.stdout
        assert said is not None  # noqa: S101 - held
        return await in_daemon_thread(lambda: LOADED in said)

    def release(self) -> None:
        """Let a held process continue. Does nothing if it has ended or was not held."""
        if self._held and self._process.stdin:
            self._held = False
            with suppress(BrokenPipeError), self._process.stdin as stdin:
                stdin.write(CONTINUE)

    async def stop(self, timeout_s: float) -> bool:
        """Send SIGTERM, and SIGKILL after `timeout_s`. Returns whether SIGTERM sufficed. Safe to call twice.

        A held process, which has nothing to finish, is killed.
        """
        if self._held:
            await self.end()
            return True
        self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(timeout_s):
                await self.wait()
        except TimeoutError:
            await self.end()
            return False
        return True

    async def end(self) -> None:
        """Kill the process and wait for its exit. Safe to call twice."""
        self.kill()
        async with asyncio.timeout(_KILL_TIMEOUT_S):
            await self.wait()

    def kill(self) -> None:
        """Kill the process without waiting."""
        self._process.send_signal(signal.SIGKILL)


def _start_held(
    module: str,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    output: IO[bytes],
    fork_server: ForkServer | None,
) -> subprocess.Popen[bytes] | ForkedProcess:
    if fork_server is not None:
        with suppress(OSError):  # it has ended
            return fork_server.start(module, arguments, environment, output)
    pipe = subprocess.PIPE
    return start_module(module, arguments, environment, stdin=pipe, stdout=pipe, stderr=output)


def last_lines(log: Path, count: int) -> list[str]:
    """The last non-blank lines of a log."""
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
