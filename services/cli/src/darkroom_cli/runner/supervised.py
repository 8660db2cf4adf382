"""A service process that is restarted when it exits."""

import asyncio
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from darkroom.errors import DarkroomError
from darkroom_cli.exit_codes import ExitCode
from darkroom_cli.processes.child import Child, how_it_ended, last_lines
from darkroom_cli.processes.fork_server.client import ForkServer
from darkroom_cli.processes.ports import HOST
from darkroom_cli.processes.process_ends import ProcessEnds
from darkroom_cli.runner.readiness import why_not_ready
from darkroom_cli.runner.restart_policy import History, after_crash, delay_s, hopeless
from darkroom_cli.views.output import say

_FIRST_POLL_S, _LAST_POLL_S = 0.02, 0.1
_POLL_SHARE = 0.05
"""Of the time that a service has taken so far, until its readiness is queried again."""
_SHOWN_LINES = 5
_LOG_POLL_S = 1.0


@dataclass(frozen=True)
class Service:
    """How to run a service.

    Attributes:
        name: name in messages.
        module: Python module to run.
        port: port of `/readyz`.
        host: address of `/readyz`.
        grace_s: seconds that it may take to stop.
        pipeline: the namespace and name of the pipeline that it works for.
        fork_server: forks a held process. Without it, and for a restart, a new interpreter is started.
    """

    name: str
    module: str
    arguments: tuple[str, ...]
    port: int
    log: Path
    grace_s: float
    pipeline: str = ""
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    host: str = HOST
    fork_server: ForkServer | None = field(default=None, repr=False, compare=False)


class Supervised:
    """Keeps one service running."""

    def __init__(self, service: Service) -> None:
        """Starts nothing before `keep`."""
        self.service = service
        self.ready = asyncio.Event()
        self.why_not_ready = "starting"
        self._history = History()
        self._child: Child | None = None

    def start_held(self) -> None:
        """Start the service, which loads everything and then waits for `keep`. Call `stop` to end it."""
        self.service.log.unlink(missing_ok=True)
        self._child = self._start(held=True)

    async def why_not_loaded(self) -> str | None:
        """Wait until the held service has loaded everything. Returns None, or why it has ended instead."""
        assert self._child is not None  # noqa: S101 - started
        if await self._child.has_loaded():
            return None
        code = await self._child.wait()
        return (last_lines(self.service.log, 1) or [f"{self.service.name} exited ({how_it_ended(code)})"])[0].strip()

    async def keep(self) -> None:
        """Let the held service continue, and restart it whenever it exits. After a cancellation, call `stop`.

        Raises:
            DarkroomError: the service keeps exiting before it is ready.
        """
        assert self._child is not None  # noqa: S101 - started
        self._child.release()
        process_ends = ProcessEnds(self.service.log)
        while True:
            started = time.monotonic()
            watching = asyncio.create_task(self._watch()), asyncio.create_task(self._tell(process_ends))
            try:
                code = await self._child.wait()
            finally:
                for task in watching:
                    task.cancel()
            await self._after_end(code, time.monotonic() - started)
            self._child = self._start(held=False)

    async def stop(self) -> None:
        """Stop the process within its grace period. Call it after `keep` was cancelled."""
        if self._child is not None and not await self._child.stop(self.service.grace_s):
            say(f"{self.service.name} did not stop within {self.service.grace_s:.0f} s and was killed")

    def kill(self) -> None:
        """Kill the process."""
        if self._child is not None:
            self._child.kill()

    def _start(self, *, held: bool) -> Child:
        service = self.service
        fork_server = service.fork_server if held else None
        return Child(
            service.module, service.arguments, service.log, service.environment, held=held, fork_server=fork_server
        )

    async def _after_end(self, code: int, lived_s: float) -> None:
        self.ready.clear()
        self._history = after_crash(self._history, lived_s)
        what = f"{self.service.name} exited ({how_it_ended(code)})"
        shown = [f"  {line}" for line in last_lines(self.service.log, _SHOWN_LINES)]
        refused = code == ExitCode.INVALID and not self._history.has_been_ready
        if refused or hopeless(self._history):
            raise DarkroomError("\n".join([f"{what}; the end of its log {self.service.log}:", *shown]))
        delay = delay_s(self._history, random.random())
        self.why_not_ready = f"exited ({how_it_ended(code)})"
        say("\n".join([f"{what}; restarting in {delay:.1f} s; the end of its log {self.service.log}:", *shown]))
        await asyncio.sleep(delay)

    async def _watch(self) -> None:
        started = time.monotonic()
        while (reason := await why_not_ready(self.service.host, self.service.port)) is not None:
            self.why_not_ready = reason
            taken_s = time.monotonic() - started
            await asyncio.sleep(min(max(_FIRST_POLL_S, _POLL_SHARE * taken_s), _LAST_POLL_S))
        if self._history.has_been_ready:
            say(f"{self.service.name} is ready again")
        self._history = replace(self._history, has_been_ready=True)
        self.ready.set()

    async def _tell(self, process_ends: ProcessEnds) -> None:
        """Tell the user of processes that a worker restarts itself."""
        while True:
            await asyncio.sleep(_LOG_POLL_S)
            for code in process_ends.read():
                what = f"a process of {self.service.name} exited ({how_it_ended(code)})"
                say(f"{what}; restarting it; the log is {self.service.log}")
