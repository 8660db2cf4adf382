"""The feed of one pipeline in this replica: the latest events, their readers, and requests that wait for an image."""

import asyncio
import secrets
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from darkroom_ingestion.feed.events import FeedEvent
from darkroom_ingestion.feed.positions import Positions, Topic
from darkroom_ingestion.records.answers import StageFailure, StageResult, has_answered

_KEPT_EVENTS = 10_000
_KEPT_BYTES = 16 * 2**20
_ENTRY_BYTES = 500
"""Memory of an entry in bytes, without its texts."""


@dataclass(frozen=True)
class Entry:
    """One event and the position after it."""

    number: int
    event: FeedEvent
    position: str

    @property
    def bytes(self) -> int:
        """The approximate memory that the entry uses."""
        return len(self.event.data) + len(self.position) + _ENTRY_BYTES


class TooSlow(Exception):
    """A reader is too slow: the next events are no longer kept."""


class Waiter:
    """Waits until every stage has answered for one image."""

    def __init__(self, stages: Sequence[str]) -> None:
        self._stages = stages
        self.results: list[StageResult] = []
        self.failures: list[StageFailure] = []
        self.done = asyncio.Event()

    def take(self, outcome: StageResult | StageFailure) -> None:
        """Record the result or failure of one stage."""
        if isinstance(outcome, StageResult):
            self.results.append(outcome)
        else:
            self.failures.append(outcome)
        if has_answered(self.results, self.failures, self._stages):
            self.done.set()


class Hub:
    """The new events of one pipeline, for its readers and waiters. Used from the event loop only.

    Attributes:
        id: differs from those of all hubs, also of other processes: the numbers of their events are unrelated.
    """

    def __init__(self) -> None:
        self.id: Final = secrets.token_hex(4)
        self._kept: deque[Entry] = deque()
        self._kept_bytes = 0
        self._keeps_until = 0.0
        self._last = 0
        self._counts: Counter[str] = Counter()
        self._positions: Positions | None = None
        self._readers: set[asyncio.Event] = set()
        self._waiters: dict[str, list[Waiter]] = {}
        self.closed = False

    @property
    def last(self) -> int:
        """The number of the newest event."""
        return self._last

    @property
    def positions(self) -> Positions | None:
        """The position after the newest event; None until the tail has found the end of the log."""
        return self._positions

    @property
    def is_watched(self) -> bool:
        """Whether there are readers or waiters, or a reader may come back."""
        return bool(self._readers or self._waiters) or self._keeps

    @property
    def _keeps(self) -> bool:
        return bool(self._readers) or time.monotonic() < self._keeps_until

    def keep(self, seconds: float) -> None:
        """Keep events for so long without a reader: one has left that may come back."""
        self._keeps_until = max(self._keeps_until, time.monotonic() + seconds)

    def begin_at(self, topic: Topic, partition: int, offset: int) -> None:
        """Record that the tail reads a partition from `offset` on."""
        self._positions = self._positions or Positions({})
        self._positions.move(topic, partition, offset)

    def add(self, event: FeedEvent) -> None:
        """Add an event."""
        positions = self.skip(event.topic, event.partition, event.offset)
        self._counts[event.stage] += 1
        if self._keeps:
            self._keep(Entry(self._last, event, positions.encode()))
        for waiter in self._waiters.get(event.image_id, ()):
            waiter.take(event.outcome)

    def skip(self, topic: Topic, partition: int, offset: int) -> Positions:
        """Move past an event. Returns the position after it."""
        self._positions = self._positions or Positions({})
        self._positions.move(topic, partition, offset + 1)
        self._last += 1
        if self._kept and not self._keeps:
            self._kept.clear()
            self._kept_bytes = 0
        return self._positions

    def close(self) -> None:
        """End the streams of all readers: the pipeline is no longer served."""
        self.closed = True
        self.wake()

    def wake(self) -> None:
        """Wake the readers because there are new events."""
        for reader in self._readers:
            reader.set()

    @contextmanager
    def reader(self, more: asyncio.Event | None = None) -> Iterator[asyncio.Event]:
        """Register a reader. Its event is set when there are new entries. Without readers, entries are not kept.

        Args:
            more: the event, for a reader of several hubs, which has one for all of them.
        """
        more = more or asyncio.Event()
        self._readers.add(more)
        try:
            yield more
        finally:
            self._readers.discard(more)

    def has_after(self, number: int) -> bool:
        """Whether all entries after event `number` are kept."""
        return number == self._last or (number < self._last and bool(self._kept) and self._kept[0].number <= number + 1)

    def after(self, number: int) -> list[Entry]:
        """The entries after event `number`.

        Raises:
            TooSlow: some of them are no longer kept.
        """
        if number >= self._last:
            return []
        if not self.has_after(number):
            raise TooSlow
        return self.kept_after(number)

    def kept_after(self, number: int) -> list[Entry]:
        """The entries after event `number` that are still kept."""
        if number >= self._last or not self._kept:
            return []
        return [self._kept[i] for i in range(max(0, number + 1 - self._kept[0].number), len(self._kept))]

    def count(self, stage: str | None) -> int:
        """The number of events that were added, also of those no longer kept; of one stage if `stage` is not None."""
        return self._counts.total() if stage is None else self._counts[stage]

    @contextmanager
    def waiter(self, image_id: str, stages: Sequence[str]) -> Iterator[Waiter]:
        """Register a waiter for the results of an image. Enter before the image is published."""
        waiter = Waiter(stages)
        self._waiters.setdefault(image_id, []).append(waiter)
        try:
            yield waiter
        finally:
            rest = [other for other in self._waiters[image_id] if other is not waiter]
            if rest:
                self._waiters[image_id] = rest
            else:
                del self._waiters[image_id]

    def _keep(self, entry: Entry) -> None:
        self._kept.append(entry)
        self._kept_bytes += entry.bytes
        while len(self._kept) > _KEPT_EVENTS or self._kept_bytes > _KEPT_BYTES:
            self._kept_bytes -= self._kept.popleft().bytes
