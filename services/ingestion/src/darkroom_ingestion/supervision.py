"""Background tasks that are restarted when they fail."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import structlog

from darkroom.backoff import Backoff
from darkroom_ingestion.metrics import Metrics

_FIRST_RETRY_S, _LAST_RETRY_S = 0.5, 30.0

log = structlog.get_logger("darkroom.ingestion")


@dataclass
class Supervised:
    """A background task. `problem` is its last error, until it has run again for a while; else None."""

    name: str
    task: asyncio.Task[None]
    problem: str | None = None


class Supervisor:
    """The background tasks of the service."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self.tasks: list[Supervised] = []

    def start(self, name: str, run: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run `run()` until `stop`. If it raises or returns, it is called again after a back-off."""
        self.tasks.append(Supervised(name, asyncio.create_task(self._supervise(len(self.tasks), run), name=name)))

    async def stop(self) -> None:
        """Cancel the tasks and wait for their end."""
        for supervised in self.tasks:
            supervised.task.cancel()
        await asyncio.gather(*(supervised.task for supervised in self.tasks), return_exceptions=True)

    async def _supervise(self, number: int, run: Callable[[], Coroutine[Any, Any, None]]) -> None:
        await asyncio.sleep(0)  # until this task is in `tasks`
        supervised = self.tasks[number]
        backoff = Backoff(_FIRST_RETRY_S, _LAST_RETRY_S)
        while True:
            began = time.monotonic()
            well = asyncio.get_running_loop().call_later(_LAST_RETRY_S, self._is_well, supervised)
            try:
                await run()
                reason = "it ended"
            except Exception as error:
                reason = str(error) or type(error).__name__
                log.exception("background task failed, restarting it", task=supervised.name)
            finally:
                well.cancel()
            self._metrics.loop_failures.labels(supervised.name).inc()
            supervised.problem = reason
            if time.monotonic() - began > _LAST_RETRY_S:
                backoff.reset()
            await asyncio.sleep(backoff.next_s())

    def _is_well(self, supervised: Supervised) -> None:
        supervised.problem = None
