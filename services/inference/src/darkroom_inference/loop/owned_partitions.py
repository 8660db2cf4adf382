"""Images from the partitions that a loop owns, in their order. Marks are in the metadata of its commits."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from confluent_kafka import KafkaException, Message, TopicPartition

from darkroom_inference.kafka.errors import ClientsBroken
from darkroom_inference.kafka.marks import Mark, Verdict, failed_in_batch, verdict
from darkroom_inference.kafka.offsets import Offsets, Positions
from darkroom_inference.kafka.threaded_call import ThreadedCall
from darkroom_inference.loop.assignment import Assignment
from darkroom_inference.loop.batches import next_group
from darkroom_inference.loop.work import Source
from darkroom_inference.records.image import ImageRecord


@dataclass
class OwnedPartitions:
    """See `Intake`. The loop's progress is a position in every partition."""

    topic: str
    source: Source
    assignment: Assignment
    offsets: Offsets
    late: ThreadedCall[None] | None = field(default=None, init=False)
    """The commit of an attempt's mark that Kafka did not confirm in time. It may still succeed."""

    def consume(self, num_messages: int, timeout: float) -> list[Message]:
        """See `Intake.consume`."""
        self.assignment.touched.clear()
        return self.source.consume(num_messages, timeout)

    def still_owned(self, records: list[ImageRecord]) -> list[ImageRecord]:
        """A revoked partition, even if reassigned in the same call, is read again from its committed offset."""
        touched = self.assignment.touched
        return [record for record in records if record.partition not in touched] if touched else records

    def take(self, records: Sequence[ImageRecord], batch: int) -> None:
        """See `Assignment.take`."""
        self.assignment.take(records, batch)

    def next_group(self, records: Sequence[ImageRecord]) -> tuple[list[ImageRecord], list[ImageRecord], bool]:
        """As many as the marks of the partitions allow, else one suspect."""
        return next_group(records, self.assignment.batch_limits())

    def mark(self, suspect: ImageRecord) -> Mark:
        """The mark of the suspect's partition, of which it is the next record."""
        return self.assignment.position(suspect.partition).mark

    def verdict(self, suspect: ImageRecord, max_attempts: int) -> tuple[Verdict, int] | None:
        """See `marks.verdict`."""
        mark = self.mark(suspect)
        reason = verdict(mark, max_attempts)
        return None if reason is None else (reason, mark.attempts)

    def start_attempt(self, suspect: ImageRecord, mark: Mark, within_s: float) -> bool:
        """Commit the mark at the suspect's own offset."""
        commit = self.offsets.start_commit({suspect.partition: (suspect.offset, mark)})
        if commit.succeeded(within_s):
            return True
        self.late = commit
        return False

    def save(self, suspect: ImageRecord, mark: Mark) -> None:
        """Commit the mark at the suspect's own offset, instead of one that is late."""
        if self.late is not None:
            late, self.late = self.late, None
            self.offsets.wait_for(late)
        positions = {suspect.partition: (suspect.offset, mark)}
        self.offsets.commit(positions)
        self.assignment.advance(positions)

    def progress(self, done: Sequence[ImageRecord], mark: Mark, failed: ImageRecord | None = None) -> Positions:
        """The positions after `done`; that of `failed` is its own."""
        positions = {record.partition: (record.offset + 1, mark) for record in done}
        return positions if failed is None else positions | {failed.partition: (failed.offset, failed_in_batch())}

    def advance(self, progress: Positions) -> None:
        """See `Assignment.advance`."""
        self.assignment.advance(progress)

    def postpone(self, progress: Positions) -> None:
        """See `Assignment.postpone`."""
        self.assignment.postpone(progress)

    def postponed(self, mark: Mark) -> Positions:
        """The positions of the partitions that are ahead of their last commit."""
        return {partition: (offset, mark) for partition, offset in self.assignment.uncommitted.items()}

    def covers(self, records: Sequence[ImageRecord]) -> bool:
        """Whether the marks of the last commit cover `records`, too."""
        taken = Counter(record.partition for record in records)
        limits = self.assignment.batch_limits()
        return all(limits[n] >= images for n, images in taken.items())

    def rewind(self, records: Sequence[ImageRecord]) -> None:
        """Seek the assigned partitions back to the first record that is not committed."""
        first: dict[int, int] = {}
        for record in records:
            first.setdefault(record.partition, record.offset)
        for partition, offset in first.items():
            if partition not in self.assignment.partitions:
                continue
            position = self.assignment.partitions[partition]
            target = TopicPartition(self.topic, partition, position.offset if position else offset)
            try:
                self.source.seek(target)
            except KafkaException as raised:
                raise ClientsBroken(raised.args[0].str()) from raised
