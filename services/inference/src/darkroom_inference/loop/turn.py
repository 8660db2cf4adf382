"""A loop's turn: take a batch of images, analyse them, publish the results, commit the offsets."""

import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic

import structlog
from confluent_kafka import Message

from darkroom.backoff import Backoff
from darkroom.logs import log_fields
from darkroom.stage_settings import StageSettings
from darkroom_inference.kafka.consumed import image_record
from darkroom_inference.kafka.delivery import Delivery
from darkroom_inference.kafka.errors import ClientsBroken, Interrupted, meaning
from darkroom_inference.kafka.marks import (
    Mark,
    Verdict,
    failed,
    held,
    passed,
    survived,
    trying,
)
from darkroom_inference.lifecycle.metrics import Metrics
from darkroom_inference.lifecycle.stopping import Pause
from darkroom_inference.loop.batches import MAX_BATCH_BYTES, BatchSize
from darkroom_inference.loop.exclusive import ExclusiveTurn
from darkroom_inference.loop.intake import Intake, P
from darkroom_inference.records.answers import Answers, ModelFailed
from darkroom_inference.records.image import ImageRecord
from darkroom_inference.records.outgoing import Outgoing

log = structlog.get_logger(__name__)

_POLL_S = 0.2
_MOST_AT_ONCE = 16
"""Messages per call of the client. Together they may exceed MAX_BATCH_BYTES, by less than this many images."""
_GROUP_S = 0.02
"""The intended time to read and analyse a group of images. Their results wait for no longer, without a backlog."""
_TOGETHER_S = 0.1
"""With a backlog, results of so much work are made and published together: a model displaces that code from the caches,
and each request wakes threads of the client and the broker. Images of a backlog have waited for longer."""
_WINDOW_POLL_S = 0.001
"""How often a loop that waits for more images looks whether the model is still busy."""
_LEAST_PROMISED = 4
"""Images that marks promise at least, so that the first of a burst do not need a commit each."""


@dataclass
class BatchWork(Generic[P]):
    """Processes the images of a loop in batches, in the order in which it takes them.

    A batch is what is settled at once. The model runs on one image at a time or on several (`execution.batch`).
    """

    settings: StageSettings
    intake: Intake[P]
    delivery: Delivery[P]
    answers: Answers
    exclusive: ExclusiveTurn
    metrics: Metrics
    pause: Pause
    size: BatchSize = field(default_factory=BatchSize)
    commit_every_s: float = 0.0
    """How long offsets may wait for their commit after the results are acknowledged, so that batches share it."""
    promised: int = 1
    """The batch size in the marks of the last commit, which limits the next batch."""
    taken: int = 0
    """Images processed in batches since the last commit."""
    mark_commit_s: float = 2.0
    """The maximum time that the other loops wait for the commit of a suspect's mark."""
    busy_since: float = 0.0
    """When the first image of the batch came, as of `time.perf_counter`."""
    failures: dict[int, tuple[int, str]] = field(default_factory=dict)
    """By partition, the last image that the model failed on in a batch, and its error."""
    commit_at: float = math.inf
    """When offsets that wait are committed at the latest."""

    def turn(self) -> None:
        """See `Work.turn`."""
        records = self._gather()
        if not records:
            self._commit_if_due(records)
            return
        rest = records
        try:
            self.intake.take(records, self.promised)
            while rest:
                self._commit_if_due(rest)
                group, rest, alone = self.intake.next_group(rest)
                rest = [*(self._suspect(group[0]) if alone else self._batch(group)), *rest]
        except Interrupted:
            self.delivery.forget()
            self.answers.forget()
            self.intake.rewind(records)
            raise
        finally:
            self.metrics.busy(time.perf_counter() - self.busy_since)

    def _gather(self) -> list[ImageRecord]:
        """The available records, at most a batch. Waits briefly for the first, and for more while the model is busy."""
        records: list[ImageRecord] = []
        total_bytes = 0
        began = time.monotonic()
        most = min(self.size.images, self.promised)
        while len(records) < most and total_bytes < MAX_BATCH_BYTES:
            wait_s = self._wait_s(len(records), began)
            # A wait for several messages lasts until all of them have come.
            messages = self.intake.consume(1 if wait_s else min(most - len(records), _MOST_AT_ONCE), wait_s)
            records = self.intake.still_owned(records)
            if not messages and not (records and wait_s):
                break
            if not records:
                self.busy_since = time.perf_counter()
            for message in messages:
                if self._is_image(message):
                    record = image_record(message)
                    records.append(record)
                    total_bytes += len(record.value or b"")
        self.pause(0)
        return records

    def _wait_s(self, records: int, began: float) -> float:
        """How long to wait for the next record: not at all unless a run of the model would have to wait anyway.

        For the first one, until offsets have to be committed.
        """
        now = time.monotonic()
        if not records:
            return min(_POLL_S, max(0.0, self.commit_at - now))
        batch = self.settings.stage.execution.batch
        if records >= batch.max or (now - began) * 1_000 >= batch.window.in_ms or not self.answers.model_is_busy:
            return 0.0
        return _WINDOW_POLL_S

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
        """Process a batch. Returns the rest of it if the model fails on an image."""
        began = time.perf_counter()
        done: list[ImageRecord] = []
        left: list[ImageRecord] = []
        skipped = 0
        record = group[0]
        per_run = self.settings.stage.execution.batch.max
        at_once = per_run if per_run > 1 else self.size.images_in(_GROUP_S)
        together = self._together(group, at_once)
        # One context for the whole batch: its fields are those of the current record when a line is logged.
        with log_fields(lambda: record.log_fields()):  # noqa: PLW0108 - reads `record` when it is called
            for start in range(0, len(group), together):
                run = group[start : start + together]
                record = run[0]
                outcomes = self.answers.answer_together(run, at_once, lambda: self.exclusive.shared(self.pause))
                for index, (record, outcome) in enumerate(zip(run, outcomes, strict=False), start):
                    if isinstance(outcome, ModelFailed):
                        self._log_retry(record, outcome, attempts=1)
                        self.failures[record.partition] = record.offset, str(outcome)
                        left = group[index:]
                        break
                    done.append(record)
                    if outcome is None:
                        skipped += 1
                    else:
                        self.delivery.publish(outcome)
                if left:
                    break
                if start + together < len(group):  # else `_settle` sends all that is left in one request
                    self.delivery.send()
        self.metrics.batch(len(done))
        self.size.learn(len(done), time.perf_counter() - began)
        self.taken += len(done)
        if self.commit_every_s and not left:
            self._settle(self.intake.progress([], held(self.promised)), skipped)
            self.intake.postpone(self.intake.progress(done, held(self.promised)))
            self.commit_at = min(self.commit_at, time.monotonic() + self.commit_every_s)
        else:
            promised = self._to_promise()
            self._settle(self.intake.progress(done, held(promised), left[0] if left else None), skipped)
            self.promised, self.taken = promised, 0
        return left

    def _together(self, batch: Sequence[ImageRecord], at_once: int) -> int:
        """How many images have their results made and published together. The model runs on `at_once` at a time."""
        if not self.delivery.publishes_early:
            return len(batch)
        backlog = len(batch) >= self.size.images
        return at_once * max(1, self.size.images_in(_TOGETHER_S) // at_once) if backlog else at_once

    def _to_promise(self) -> int:
        """The batch size for the marks of a commit: as many images may become suspects after a crash.

        Twice what was taken since the last commit: batches grow quickly while images wait, and stay small otherwise.
        """
        most = self.size.promised if self.commit_every_s else self.size.images
        return min(most, max(self.size.least, _LEAST_PROMISED, 2 * self.taken))

    def _commit_if_due(self, records: Sequence[ImageRecord]) -> None:
        """Commit the offsets that wait, if it is time, or if a mark does not cover `records` too, which come next."""
        if time.monotonic() < self.commit_at and self.intake.covers(records):
            return
        self.commit_at = math.inf
        promised = self._to_promise()
        if waiting := self.intake.postponed(held(promised)):
            self.delivery.settle(waiting)
            self.intake.advance(waiting)
            self.promised, self.taken = promised, 0

    def _suspect(self, suspect: ImageRecord) -> list[ImageRecord]:
        """Process one suspect. Returns it if it must be tried again."""
        with log_fields(suspect.log_fields):
            return self._alone(suspect)

    def _alone(self, suspect: ImageRecord) -> list[ImageRecord]:
        max_attempts = self.settings.stage.max_attempts
        mark = self.intake.mark(suspect)
        if found := self.intake.verdict(suspect, max_attempts):
            reason, attempts = found
            message = self._message(suspect, reason, attempts)
            self.delivery.publish(self.answers.failed(suspect, reason, message, attempts=attempts))
            self._settle(self.intake.progress([suspect], passed(mark, self.promised)))
            return []
        attempt = self._attempt(suspect, mark)
        if attempt is None:
            return [suspect]
        mark, outcome = attempt
        self.intake.save(suspect, mark)
        if isinstance(outcome, ModelFailed):
            if mark.attempts < max_attempts:
                self._log_retry(suspect, outcome, mark.attempts)
                self.metrics.retry("inference")
                self.pause(Backoff(failures=mark.attempts).next_s())
                return [suspect]
            outcome = self.answers.failed(suspect, "InferenceError", str(outcome), attempts=mark.attempts)
        if outcome is not None:
            self.delivery.publish(outcome)
        self._settle(self.intake.progress([suspect], passed(mark, self.promised)), skipped=int(outcome is None))
        return []

    def _attempt(self, suspect: ImageRecord, mark: Mark) -> tuple[Mark, Outgoing | ModelFailed | None] | None:
        """Analyse a suspect while nothing else is analysed. Returns its new mark and the outcome.

        Returns None if Kafka did not confirm the mark in time: the suspect was not tried, and no attempt is counted.
        """
        attempted = trying(mark)
        with self.exclusive.alone(self.pause):
            if self.intake.start_attempt(suspect, attempted, self.mark_commit_s):
                self.metrics.attempt()
                try:
                    return survived(attempted), self.answers.answer(suspect)
                except ModelFailed as error:
                    return failed(attempted), error
        self.intake.save(suspect, mark)
        return None

    def _message(self, suspect: ImageRecord, reason: Verdict, attempts: int) -> str:
        if reason == "PoisonImage":
            return f"worker processes ended {attempts} times while they analysed this image alone"
        if reason == "DeliveryLimit":
            return f"Kafka gave this image to workers {attempts} times, and none of them finished it"
        failure = self.failures.get(suspect.partition)
        if failure is not None and failure[0] == suspect.offset:
            return failure[1]
        return f"the model failed {attempts} times on this image"

    def _log_retry(self, record: ImageRecord, error: ModelFailed, attempts: int) -> None:
        if attempts < self.settings.stage.max_attempts:
            log.warning(
                "model failed, trying the image again", error=str(error), attempts=attempts, **record.log_fields()
            )

    def _settle(self, progress: P, skipped: int = 0) -> None:
        began = time.perf_counter()
        published = self.delivery.settle(progress)
        self.metrics.step("publish", [time.perf_counter() - began])
        self.intake.advance(progress)
        now_ms = time.time() * 1000
        sent_ms = [outgoing.image_timestamp_ms for outgoing in published if outgoing.image_timestamp_ms is not None]
        self.metrics.end_to_end((now_ms - at_ms) / 1000 for at_ms in sent_ms)
        for reason, images in Counter(outgoing.reason for outgoing in published).items():
            self.metrics.image("failed" if reason else "analyzed", reason, images)
        if skipped:
            self.metrics.image("skipped", images=skipped)
        self.answers.report()
