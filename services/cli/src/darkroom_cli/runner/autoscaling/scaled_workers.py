"""The workers of one stage whose number changes: processes that are started, and asked to leave, one by one."""

import asyncio
from collections.abc import Callable
from itertools import count

from darkroom_cli.runner.plan import StageRun
from darkroom_cli.runner.supervised import Service, Supervised

ServiceOf = Callable[[int], Service]
"""The worker with a number, counted from 0."""


class ScaledWorkers:
    """The workers of a stage. The newest leave first: they have the fewest images in their caches."""

    def __init__(self, stage: StageRun, service_of: ServiceOf) -> None:
        """Makes the workers that the stage starts with, and starts none of them."""
        self.stage = stage
        self._service_of = service_of
        self._workers = {number: Supervised(service_of(number)) for number in range(stage.workers)}
        self._keeping: dict[int, asyncio.Task[None]] = {}
        self._leaving: dict[int, Supervised] = {}

    @property
    def all(self) -> list[Supervised]:
        """The workers, with those that are leaving."""
        return [*self._workers.values(), *self._leaving.values()]

    @property
    def replicas(self) -> int:
        """The number of workers, without those that are leaving."""
        return len(self._workers)

    @property
    def ready(self) -> int:
        """The number of workers that are ready."""
        return sum(worker.ready.is_set() for worker in self._workers.values())

    @property
    def ready_services(self) -> list[Service]:
        """The workers that are ready."""
        return [worker.service for worker in self._workers.values() if worker.ready.is_set()]

    def keep(self, group: asyncio.TaskGroup) -> None:
        """Let the workers that were started held continue."""
        for number in self._workers:
            self._keep(number, group)

    def scale(self, replicas: int, group: asyncio.TaskGroup) -> None:
        """Start workers, or let workers leave, until there are `replicas`. Waits for none of them.

        A worker that leaves finishes its batch, commits it and leaves its consumer group. Its number is used again only
        after it has ended.
        """
        while self.replicas > replicas:
            number, worker = self._workers.popitem()
            self._leaving[number] = worker
            group.create_task(self._leave(number, worker, self._keeping.pop(number)))
        while self.replicas < replicas:
            number = next(n for n in count() if n not in self._workers and n not in self._leaving)
            self._workers[number] = Supervised(self._service_of(number))
            self._workers[number].start_held()
            self._keep(number, group)

    def _keep(self, number: int, group: asyncio.TaskGroup) -> None:
        self._keeping[number] = group.create_task(self._workers[number].keep())

    async def _leave(self, number: int, worker: Supervised, keeping: "asyncio.Task[None]") -> None:
        keeping.cancel()
        await asyncio.wait({keeping})
        await worker.stop()
        del self._leaving[number]
