"""A loop's turn: take a few images, analyse, publish, commit."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

import structlog
from confluent_kafka import KafkaException, Message, TopicPartition

from darkroom.backoff import Backoff
from darkroom.stage_settings import StageSettings
from darkroom_inference.kafka.delivery import Delivery
from darkroom_inference.kafka.errors import ClientsBroken, Interrupted, meaning
from darkroom_inference.kafka.marks import HELD, Mark, failed, failed_in_batch, passed, survived, trying, verdict
from darkroom_inference.kafka.offsets import Offsets, Positions
from darkroom_inference.lifecycle.metrics import Metrics
from darkroom_inference.lifecycle.stopping import Pause
from darkroom_inference.loop.assignment import Assignment
from darkroom_inference.loop.batches import MAX_BATCH_BYTES, BatchSize, next_group
from darkroom_inference.loop.exclusive import Gate
from darkroom_inference.records.answers import Answers, ModelFailed
from darkroom_inference.records.dead_letter import dead_letter
from darkroom_inference.records.image import ImageRecord

log = structlog.get_logger(__name__)

_POLL_S = 0.2


class Source(Protocol):
    """Where a loop's images come from: its consumer, or what stands before it."""

    def poll(self, timeout: float) -> Message | None:
        """The next message, or None if there is none in time."""

    def seek(self, place: TopicPartition) -> None:
        """Read a partition again from `place` on."""


@dataclass
class Work:
    """What one loop does with the images of its partitions, in their order and to their end."""

    settings: StageSettings
    source: Source
    assignment: Assignment
    offsets: Offsets
    delivery: Delivery
    answers: Answers
    gate: Gate
    metrics: Metrics
    pause: Pause
    size: BatchSize = field(default_factory=BatchSize)

    def turn(self) -> None:
        """Take what there is, and see it through.

        Raises:
            Interrupted: it could not be finished; the next turn takes the same images again.
            ClientsBroken: the loop needs new clients.
            DrainTimedOut: the worker has to stop.
        """
        records = self._gather()
        if not records:
            return
        rest = records
        try:
            self.assignment.take(records)
            while rest:
                group, rest, alone = next_group(rest, self.assignment.suspects())
                rest = [*(self._alone(group[0]) if alone else self._batch(group)), *rest]
        except Interrupted:
            self.delivery.forget()
            self._rewind(records)
            raise

    def _gather(self) -> list[ImageRecord]:
        """What is there to be taken, at most a batch; waits a moment for the first."""
        records: list[ImageRecord] = []
        total_bytes = 0
        while len(records) < self.size.images and total_bytes < MAX_BATCH_BYTES:
            self.assignment.touched.clear()
            message = self.source.poll(0 if records else _POLL_S)
            # A partition that went, even if it came back in the same call, is read again from what was committed.
            records = [each for each in records if each.partition not in self.assignment.touched]
            if message is None:
                break
            if self._is_image(message):
                record = ImageRecord.of(message)
                records.append(record)
                total_bytes += len(record.value or b"")
        self.pause(0)
        return records

    def _is_image(self, message: Message) -> bool:
        error = message.error()
        if error is None:
            return True
        self.metrics.kafka_error(error)
        if meaning(error) == "Fatal":
            raise ClientsBroken(error.str())
        log.warning("kafka reports an error", error=error.str())
        return False

    def _batch(self, group: list[ImageRecord]) -> list[ImageRecord]:
        """See a batch through; answers what is left of it if the model fails on an image."""
        began = time.perf_counter()
        positions: dict[int, tuple[int, Mark]] = {}
        left: list[ImageRecord] = []
        skipped = 0
        for index, record in enumerate(group):
            try:
                with self.gate.shared():
                    outgoing = self.answers.answer(record)
            except ModelFailed:
                positions[record.partition] = (record.offset, failed_in_batch())
                left = group[index:]
                break
            positions[record.partition] = (record.offset + 1, HELD)
            if outgoing is None:
                skipped += 1
            else:
                self.delivery.publish(outgoing)
        self.metrics.batch(len(group) - len(left))
        self._settle(positions, skipped)
        self.size.learn(len(group) - len(left), time.perf_counter() - began)
        return left

    def _alone(self, suspect: ImageRecord) -> list[ImageRecord]:
        """See one suspect through, with what its mark needs before and after; answers it if it is to be tried again."""
        partition, offset = suspect.partition, suspect.offset
        mark = self.assignment.place(partition).mark
        max_attempts = self.settings.stage.max_attempts
        if reason := verdict(mark, max_attempts):
            message = _SET_ASIDE[reason].format(mark.attempts)
            letter = dead_letter(suspect, self.settings, reason, message, attempts=mark.attempts)
            log.error("image set aside", image=suspect.place, reason=reason, attempts=mark.attempts)
            self.delivery.publish(letter)
            self._settle({partition: (offset + 1, passed(mark))})
            return []
        error: ModelFailed | None = None
        outgoing = None
        with self.gate.alone():
            mark = trying(mark)
            self.offsets.commit({partition: (offset, mark)})
            self.metrics.attempt()
            try:
                outgoing = self.answers.answer(suspect)
                mark = survived(mark)
            except ModelFailed as raised:
                mark, error = failed(mark), raised
            self.offsets.commit({partition: (offset, mark)})
        self.assignment.advance({partition: (offset, mark)})
        if error is not None and mark.attempts < max_attempts:
            self.metrics.retry("inference")
            self.pause(Backoff(failures=mark.attempts).next_s())
            return [suspect]
        if error is not None:
            outgoing = dead_letter(suspect, self.settings, "InferenceError", str(error), attempts=mark.attempts)
        if outgoing is not None:
            self.delivery.publish(outgoing)
        self._settle({partition: (offset + 1, passed(mark))}, skipped=int(outgoing is None))
        return []

    def _settle(self, positions: Positions, skipped: int = 0) -> None:
        if not positions:
            return
        began = time.perf_counter()
        published = self.delivery.settle(positions)
        self.metrics.step("publish", time.perf_counter() - began)
        self.assignment.advance(positions)
        now = time.time()
        for outgoing in published:
            self.metrics.image("failed" if outgoing.reason else "analyzed", outgoing.reason)
            if outgoing.image_timestamp_ms is not None:
                self.metrics.end_to_end(now - outgoing.image_timestamp_ms / 1000)
        for _ in range(skipped):
            self.metrics.image("skipped")

    def _rewind(self, records: Iterable[ImageRecord]) -> None:
        """Read again, from the first that is not settled, what was taken from the partitions that are still ours."""
        first: dict[int, int] = {}
        for record in records:
            first.setdefault(record.partition, record.offset)
        for partition, offset in first.items():
            if partition not in self.assignment.partitions:
                continue
            place = self.assignment.partitions[partition]
            target = TopicPartition(self.settings.images_topic, partition, place.offset if place else offset)
            try:
                self.source.seek(target)
            except KafkaException as raised:
                raise ClientsBroken(raised.args[0].str()) from raised


_SET_ASIDE = {
    "PoisonImage": "the worker's process ended {} times while it had this image alone in hand",
    "InferenceError": "the model failed {} times on this image",
}
