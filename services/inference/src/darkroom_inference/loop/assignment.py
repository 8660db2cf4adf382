"""The partitions of one loop: its position in each, and what happens when they are assigned and revoked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
    """The loop's position in a partition: the next record to process, and the mark of the last commit.

    Attributes:
        uncommitted: how far the offset is ahead of the last commit. The results of the records in between are
            acknowledged.
    """

    offset: int
    mark: Mark
    uncommitted: int = 0


@dataclass
class Assignment:
    """The partitions that a loop owns.

    The callbacks run inside `Consumer.poll()` and `Consumer.close()`, so only between two batches: when a partition is
    revoked, all records taken from it are processed and committed, and only a clean mark remains to be committed.

    Attributes:
        partitions: the position in each assigned partition; None until the loop has taken a record from it.
        touched: partitions assigned or revoked since the loop last cleared it.
    """

    state: LoopState
    offsets: Offsets
    metrics: Metrics
    partitions: dict[int, Position | None] = field(default_factory=dict)
    touched: set[int] = field(default_factory=set)

    def on_assign(self, _consumer: Consumer, assigned: Sequence[TopicPartition]) -> None:
        """Partitions were assigned. Their marks are read when their first records are taken."""
        self._changed("assigned", assigned)
        self.partitions |= {topic_partition.partition: None for topic_partition in assigned}
        self._publish_count()

    def on_revoke(self, _consumer: Consumer, revoked: Sequence[TopicPartition]) -> None:
        """Partitions are being revoked: commit clean marks, because none of their records are in progress."""
        self._changed("revoked", revoked)
        self._give_back({tp.partition: self.partitions.pop(tp.partition, None) for tp in revoked})
        self._publish_count()

    def on_lost(self, _consumer: Consumer, lost: Sequence[TopicPartition]) -> None:
        """Partitions were already assigned to another member: there is nothing to commit."""
        self._changed("lost", lost)
        for topic_partition in lost:
            self.partitions.pop(topic_partition.partition, None)
        self._publish_count()

    def give_back(self) -> None:
        """Release all partitions at the end of the loop: commit clean marks if a broker responds."""
        if self.offsets.reachable():
            self._give_back(self.partitions)
        self.forget()

    def forget(self) -> None:
        """Forget all positions, because it is uncertain what has been committed. Nothing is committed after this."""
        self.partitions = dict.fromkeys(self.partitions)

    def take(self, records: Iterable[ImageRecord], batch: int) -> None:
        """Read the marks of the partitions whose first records are in `records`, and mark those that had no mark.

        librdkafka 2.16 may start at the beginning of the log although the group has committed offsets: if the
        assignment changes while it requests them and a transaction of the previous owner is still open
        (rd_kafka_assignment_apply_offsets). Therefore the committed offsets are read from the group.

        Args:
            records: in the order of their partitions' offsets.
            batch: the maximum batch size until the loop's next commit.

        Raises:
            Interrupted: the loop is no longer a member of its group, or records are before the committed offset.
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
        """The loop's position in a partition from which it has taken records."""
        position = self.partitions[partition]
        if position is None:
            raise KeyError(partition)
        return position

    def batch_limits(self) -> dict[int, int]:
        """The largest batch that each partition allows; 0 if its next record is a suspect.

        After a crash, the mark of the last commit covers the batch and everything processed since that commit.
        """
        return {n: known.mark.batch - known.uncommitted for n, known in self.partitions.items() if known is not None}

    def advance(self, positions: Positions) -> None:
        """Continue from `positions`: everything before them is committed."""
        for partition, (offset, mark) in positions.items():
            if partition in self.partitions:
                self.partitions[partition] = Position(offset, mark)

    def postpone(self, positions: Positions) -> None:
        """Continue from `positions` without a commit. The marks remain those of the last commit."""
        for partition, (offset, _) in positions.items():
            known = self.position(partition)
            self.partitions[partition] = replace(
                known, offset=offset, uncommitted=known.uncommitted + offset - known.offset
            )

    @property
    def uncommitted(self) -> dict[int, int]:
        """The offsets of the partitions that are ahead of their last commit."""
        return {n: known.offset for n, known in self.partitions.items() if known is not None and known.uncommitted}

    def _give_back(self, positions: Mapping[int, Position | None]) -> None:
        known = {n: position for n, position in positions.items() if position is not None}
        if known:
            self.offsets.commit_once({n: (position.offset, given_back(position.mark)) for n, position in known.items()})

    def _changed(self, change: Literal["assigned", "revoked", "lost"], partitions: Sequence[TopicPartition]) -> None:
        numbers = {topic_partition.partition for topic_partition in partitions}
        self.touched |= numbers
        self.metrics.rebalance(change)
        if partitions:
            log.info("partitions changed", change=change, numbers=sorted(numbers))

    def _publish_count(self) -> None:
        self.state.partitions = len(self.partitions)
        self.metrics.partitions(self.state.number, len(self.partitions))
