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
from darkroom_inference.records.image import ImageRecord

log = structlog.get_logger(__name__)


@dataclass
class Position:
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
    partitions: dict[int, Position | None] = field(default_factory=dict)
    touched: set[int] = field(default_factory=set)

    def on_assign(self, _consumer: Consumer, assigned: Sequence[TopicPartition]) -> None:
        """Partitions were assigned. Their marks are read with their first records: an idle partition costs nothing."""
        self._changed("assigned", assigned)
        self.partitions |= {each.partition: None for each in assigned}
        self._publish_count()

    def on_revoke(self, _consumer: Consumer, revoked: Sequence[TopicPartition]) -> None:
        """Partitions are to be given away: commit that nothing of them is in hand."""
        self._changed("revoked", revoked)
        self._give_back({each.partition: self.partitions.pop(each.partition, None) for each in revoked})
        self._publish_count()

    def on_lost(self, _consumer: Consumer, lost: Sequence[TopicPartition]) -> None:
        """Partitions belong to somebody else already: there is nothing to commit."""
        self._changed("lost", lost)
        for each in lost:
            self.partitions.pop(each.partition, None)
        self._publish_count()

    def give_back(self) -> None:
        """Give all partitions away, as the loop ends: commit that nothing of them is in hand, if a broker answers."""
        if self.offsets.reachable():
            self._give_back(self.partitions)
        self.forget()

    def forget(self) -> None:
        """Forget where the loop stands, since it is not certain what has been committed: nothing more will be."""
        self.partitions = dict.fromkeys(self.partitions)

    def take(self, records: Iterable[ImageRecord], batch: int) -> None:
        """Learn the marks of the partitions that `records` are the first of, and leave a mark in those that had none.

        librdkafka 2.16 may begin at the start of the log though the group has committed offsets: if the assignment
        changes while it asks for them and a transaction of the last owner is still open
        (rd_kafka_assignment_apply_offsets). So where the group stands is what the group says.

        Args:
            records: in the order of their partitions' offsets.
            batch: the most records that the loop takes at once until its next commit.

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
            start = first[partition] if committed is None else max(first[partition], committed)
            mark = taken_over(found, same_record=committed == start, batch=batch)
            positions[partition] = (start, mark)
            if mark.held:
                to_be_held[partition] = positions[partition]
            else:
                log.warning(
                    "partition's previous owner crashed",
                    partition=partition,
                    suspects=mark.suspects,
                )
        if to_be_held:
            self.offsets.commit(to_be_held)
        self.advance(positions)
        if too_early := sorted(n for n, (start, _) in positions.items() if start > first[n]):
            raise Interrupted(f"partitions {too_early} were read from before their committed offsets")

    def position(self, partition: int) -> Position:
        """Where the loop stands in a partition from which it has taken records."""
        position = self.partitions[partition]
        if position is None:
            raise KeyError(partition)
        return position

    def batch_limits(self) -> dict[int, int]:
        """How many of the next records of each partition may go in a batch; 0 if the next one is a suspect."""
        return {n: position.mark.batch for n, position in self.partitions.items() if position is not None}

    def advance(self, positions: Positions) -> None:
        """Go on from `positions`: everything before them is settled."""
        for partition, (offset, mark) in positions.items():
            if partition in self.partitions:
                self.partitions[partition] = Position(offset, mark)

    def _give_back(self, positions: Mapping[int, Position | None]) -> None:
        known = {n: position for n, position in positions.items() if position is not None}
        if known:
            self.offsets.commit_once({n: (each.offset, given_back(each.mark)) for n, each in known.items()})

    def _changed(self, change: Literal["assigned", "revoked", "lost"], partitions: Sequence[TopicPartition]) -> None:
        self.touched |= {each.partition for each in partitions}
        self.metrics.rebalance(change)
        if partitions:
            log.info("partitions changed", change=change, numbers=sorted(each.partition for each in partitions))

    def _publish_count(self) -> None:
        self.state.partitions = len(self.partitions)
        self.metrics.partitions(self.state.number, len(self.partitions))
