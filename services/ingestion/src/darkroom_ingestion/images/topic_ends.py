"""The ends of images topics at the time of a request, with one query for concurrent requests."""

import asyncio
from dataclasses import dataclass, field

from darkroom_ingestion.catalog.served import ServedPipeline
from darkroom_ingestion.links.links import Links

Ends = dict[int, int]


@dataclass(frozen=True)
class TopicEnds:
    """Queries ends of topics. Requests during a query share the next one: no result is older than its request."""

    links: Links
    _current: dict[str, asyncio.Task[Ends]] = field(default_factory=dict)
    _next: dict[str, asyncio.Task[Ends]] = field(default_factory=dict)

    async def of(self, served: ServedPipeline) -> Ends:
        """The offset after the last committed record of each partition of the images topic.

        Raises:
            NotConnected: the pipeline's Kafka can't be used.
            KafkaUnreachable: no broker answered in time.
        """
        current = self._current.get(served.key)
        if current is None:
            task = self._current[served.key] = asyncio.create_task(self._ask(served))
        elif (task := self._next.get(served.key)) is None:  # type: ignore[assignment]
            task = self._next[served.key] = asyncio.create_task(self._ask_after(served, current))
        return await asyncio.shield(task)

    async def _ask_after(self, served: ServedPipeline, current: asyncio.Task[Ends]) -> Ends:
        await asyncio.wait([current])
        self._current[served.key] = self._next.pop(served.key)
        return await self._ask(served)

    async def _ask(self, served: ServedPipeline) -> Ends:
        try:
            return await self.links.of(served).admin.ends_of_topic(served.plan.images.name)
        finally:
            if self._current.get(served.key) is asyncio.current_task():
                del self._current[served.key]
