"""Where a loop's images come from: partitions that it owns, or a share group."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from confluent_kafka import Message

from darkroom_inference.kafka.marks import Mark, Verdict
from darkroom_inference.records.image import ImageRecord

P = TypeVar("P")
"""What `Delivery.settle` needs to know of a loop's progress."""


class Intake(Protocol[P]):
    """The images that a loop takes, their marks, and the loop's progress with them."""

    def consume(self, num_messages: int, timeout: float) -> list[Message]:
        """The next messages, at most `num_messages`; fewer if there are no more in time."""

    def still_owned(self, records: list[ImageRecord]) -> list[ImageRecord]:
        """Those of `records` that no other worker has been given by the last call of `consume`."""

    def take(self, records: Sequence[ImageRecord], batch: int) -> None:
        """Prepare to process `records`, and up to `batch` records until the next progress.

        Raises:
            Interrupted: the records must be read again.
        """

    def next_group(self, records: Sequence[ImageRecord]) -> tuple[list[ImageRecord], list[ImageRecord], bool]:
        """Split off the records to process next. Returns them, the rest, and whether they are a single suspect."""

    def mark(self, suspect: ImageRecord) -> Mark:
        """The mark of a suspect."""

    def verdict(self, suspect: ImageRecord, max_attempts: int) -> tuple[Verdict, int] | None:
        """Why a suspect must not be tried again, and after how many attempts; None if it may be tried."""

    def start_attempt(self, suspect: ImageRecord, mark: Mark, within_s: float) -> bool:
        """Save the mark of a suspect that is about to be tried. Returns False if that took longer than `within_s`."""

    def save(self, suspect: ImageRecord, mark: Mark) -> None:
        """Save the mark of a suspect that is not finished."""

    def progress(self, done: Sequence[ImageRecord], mark: Mark, failed: ImageRecord | None = None) -> P:
        """The progress after `done` are processed.

        Args:
            done: records whose results or dead letters are published.
            mark: of the records after them.
            failed: the record after them, if the model has failed on it in a batch.
        """

    def advance(self, progress: P) -> None:
        """Kafka has the results and dead letters up to `progress`."""

    def postpone(self, progress: P) -> None:
        """Kafka has the results and dead letters up to `progress`, which is to be settled later."""

    def postponed(self, mark: Mark) -> P:
        """All progress that was postponed, with the mark of the records after it."""

    def covers(self, records: Sequence[ImageRecord]) -> bool:
        """Whether `records` may be processed before postponed progress is settled."""

    def rewind(self, records: Sequence[ImageRecord]) -> None:
        """Return to the first of `records` that is not settled.

        Raises:
            ClientsBroken: the loop needs new clients.
        """
