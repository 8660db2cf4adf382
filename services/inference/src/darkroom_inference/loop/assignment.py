"""The partitions of one loop: where it stands in each, and what happens when they come and go."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import structlog
from confluent_kafka import Consumer, TopicPartition

from darkroom_inference.kafka.errors import Interrupted
from darkroom_inference.kafka.marks import Mark, given_back, taken_over
from darkroom_inference.kafka.offsets import Offsets, Positions
from darkroom_inference.lifecycle.loop_state import LoopState
from darkroom_inference.lifecycle.metrics import Metrics
from darkroom_inference.loop.batches import MAX_BATCH
from darkroom_inference.records.image import ImageRecord

log = structlog.get_logger(__name__)


@dataclass
class Place:
    """Where the loop stands in a partition: the next record to be worked on, and its mark."""

    offset: int
    mark: Mark


@dataclass
class Assignment:
    """The partitions that a loop owns.

    The callbacks run inside `Consumer.poll()` and `Consumer.close()`, so only between two batches: when a partition is
    given away, all the work taken from it is finished and committed. What is left to do is to say so in its mark.

    Attributes:
        partitions: those owned; with None for one that nothing has been taken from yet.
        touched: those that came or went since the loop last cleared it.
    """

    state: LoopState
    offsets: Offsets
    metrics: Metrics
    partitions: dict[int, Place | None] = field(default_factory=dict)
    touched: set[int] = field(default_factory=set)

    def on_assign(self, _consumer: Consumer, assigned: Sequence[TopicPartition]) -> None:
        """These came. Their marks are read when their first records come: an idle partition costs nothing."""
        self._changed("assigned", assigned)
        self.partitions |= {each.partition: None for each in assigned}
        self._tell()

    def on_revoke(self, _consumer: Consumer, revoked: Sequence[TopicPartition]) -> None:
        """These go, in order: say that nothing of them is in hand."""
        self._changed("revoked", revoked)
        self._give_back({each.partition: self.partitions.pop(each.partition, None) for each in revoked})
        self._tell()

    def on_lost(self, _consumer: Consumer, lost: Sequence[TopicPartition]) -> None:
        """These are somebody else's already: there is nothing to say about them."""
        self._changed("lost", lost)
        for each in lost:
            self.partitions.pop(each.partition, None)
        self._tell()

    def give_back(self) -> None:
        """All go, because the loop ends: say that nothing of them is in hand, if a broker is there to hear it."""
        if self.offsets.reachable():
            self._give_back(self.partitions)
        self.forget()

    def forget(self) -> None:
        """Commit nothing more: it is not certain what has been committed."""
        self.partitions = dict.fromkeys(self.partitions)

    def take(self, records: Iterable[ImageRecord]) -> None:
        """Learn the marks of the partitions that `records` are the first of, and leave a mark in those that had none.

        librdkafka 2.16 may begin at the start of the log though the group has committed offsets: if the assignment
        changes while it asks for them and a transaction of the last owner is still open
        (rd_kafka_assignment_apply_offsets). So where the group stands is what the group says.

        Raises:
            Interrupted: the loop is no longer a member of its group, or the records lie before where the group stands.
        """
        first: dict[int, int] = {}
        for record in records:
            if self.partitions[record.partition] is None:
                first.setdefault(record.partition, record.offset)
        if not first:
            return
        positions: dict[int, tuple[int, Mark]] = {}
        to_be_held: dict[int, tuple[int, Mark]] = {}
        for partition, (committed, found) in self.offsets.committed(list(first)).items():
            start = max(first[partition], committed)
            mark = taken_over(found, same_record=committed == start, batch=MAX_BATCH)
            positions[partition] = (start, mark)
            if mark.held:
                to_be_held[partition] = positions[partition]
            else:
                log.warning("last owner of partition ended at work", partition=partition, suspects=mark.suspects)
        if to_be_held:
            self.offsets.commit(to_be_held)
        self.advance(positions)
        if too_early := sorted(n for n, (start, _) in positions.items() if start > first[n]):
            raise Interrupted(f"partitions {too_early} were read from before their committed offsets")

    def place(self, partition: int) -> Place:
        """Where the loop stands in a partition from which it has taken records."""
        place = self.partitions[partition]
        if place is None:
            raise KeyError(partition)
        return place

    def suspects(self) -> dict[int, int]:
        """How many records of each partition are to be taken one at a time."""
        return {n: place.mark.suspects for n, place in self.partitions.items() if place is not None}

    def advance(self, positions: Positions) -> None:
        """Go on from `positions`: everything before them is settled."""
        for partition, (offset, mark) in positions.items():
            if partition in self.partitions:
                self.partitions[partition] = Place(offset, mark)

    def _give_back(self, places: Mapping[int, Place | None]) -> None:
        positions = {n: (place.offset, given_back(place.mark)) for n, place in places.items() if place is not None}
        if positions:
            self.offsets.commit_once(positions)

    def _changed(self, change: Literal["assigned", "revoked", "lost"], partitions: Sequence[TopicPartition]) -> None:
        self.touched |= {each.partition for each in partitions}
        self.metrics.rebalance(change)
        if partitions:
            log.info("partitions", change=change, numbers=sorted(each.partition for each in partitions))

    def _tell(self) -> None:
        self.state.partitions = len(self.partitions)
        self.metrics.partitions(self.state.number, len(self.partitions))
