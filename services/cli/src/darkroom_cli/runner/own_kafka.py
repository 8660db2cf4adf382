"""The broker that `darkroom up` starts and stops."""

import asyncio
import random
import time
from pathlib import Path
from typing import TYPE_CHECKING

from darkroom.errors import DarkroomError
from darkroom_cli.local_kafka import LocalKafka
from darkroom_cli.processes.ports import Reservation
from darkroom_cli.processes.threads import in_daemon_thread, started_in_daemon_thread
from darkroom_cli.runner.restart_policy import History, after_crash, delay_s
from darkroom_cli.views.output import say

if TYPE_CHECKING:
    from concurrent.futures import Future

_POLL_S = 0.5
_STOP_POLL_S = 0.1
_START_ENDS_WITHIN_S = 10.0
"""A start runs several JVMs one after the other. Each is killed until no other is started."""


class OwnKafka:
    """The broker that `darkroom up` starts and stops."""

    def __init__(self, data_dir: Path) -> None:
        """Choose a port. `launch` starts the broker."""
        self._port = Reservation()
        self._kafka = LocalKafka(data_dir, self._port.port)
        self._starting: Future[None] | None = None

    @property
    def bootstrap_servers(self) -> str:
        """`host:port` for clients."""
        return self._kafka.bootstrap_servers

    def launch(self) -> None:
        """Start the broker, in a thread, and return at once."""
        self._starting = started_in_daemon_thread(self._kafka.start)

    async def healthy(self) -> None:
        """Wait until the launched broker is healthy.

        Raises:
            DarkroomError: the broker can't be started.
        """
        assert self._starting is not None  # noqa: S101 - launched
        await asyncio.wrap_future(self._starting)

    async def coordinating(self) -> None:
        """Make the broker create its offsets topic, and wait until it coordinates groups, for some seconds at most.

        It creates the topic at the first request for a coordinator. A consumer that sent it would ask again only after
        two seconds.
        """
        await in_daemon_thread(self._kafka.wait_until_coordinating)

    async def keep(self) -> None:
        """Restart the broker whenever it exits."""
        history = History(has_been_ready=True)
        started = time.monotonic()
        while True:
            await asyncio.sleep(_POLL_S)
            if self._kafka.running:
                continue
            history = after_crash(history, time.monotonic() - started)
            delay = delay_s(history, random.random())
            say(f"Kafka exited; restarting it in {delay:.1f} s; its log is {self._kafka.data_dir}/jvm.log")
            await asyncio.sleep(delay)
            started = time.monotonic()
            try:
                self.launch()
                await self.healthy()
                await self.coordinating()
            except DarkroomError as error:
                say(str(error))
            else:
                say("Kafka is ready again")

    async def stop(self) -> None:
        """Stop the broker gracefully. If it is still starting, it has no data yet and is killed."""
        deadline = time.monotonic() + _START_ENDS_WITHIN_S
        while self._starting is not None and not self._starting.done() and time.monotonic() < deadline:
            await in_daemon_thread(self._kafka.kill)
            await asyncio.sleep(_STOP_POLL_S)
        if self._starting is not None and self._starting.done():
            await in_daemon_thread(self._kafka.stop)
        self._port.release()

    def kill(self) -> None:
        """Kill the broker."""
        self._kafka.kill()
