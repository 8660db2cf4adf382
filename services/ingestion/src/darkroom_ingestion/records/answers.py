"""An image in the log, with the results and failures of its stages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from darkroom_ingestion.times import parse_ms


class ReceivedImage(NamedTuple):
    """An image in the log. `key` is the client's ordering key; None if the record's key is the image's id."""

    pipeline: str
    id: str
    key: str | None
    received_at_ms: int
    topic: str
    partition: int
    offset: int
    content_type: str
    bytes: int


Position = tuple[str, int, int]
"""Topic, partition and offset of a record."""


@dataclass(frozen=True)
class StageResult:
    """One analyzed event: its data, and its record's timestamp."""

    stage: str
    at_ms: int
    data: dict[str, Any]
    partition: int = 0
    offset: int = 0

    @property
    def order(self) -> tuple[int, int, int]:
        """Sort key: the greatest of a stage's results is shown, regardless of the order in which they were read."""
        return self.at_ms, self.partition, self.offset

    @property
    def source(self) -> Position | None:
        """The position of the image in the log; None if the event does not have it."""
        match self.data.get("source"):
            case {"topic": str(topic), "partition": int(partition), "offset": int(offset)}:
                return topic, partition, offset
            case _:
                return None


@dataclass(frozen=True)
class StageFailure:
    """One dead letter.

    Attributes:
        at_ms: the record's timestamp: when the stage failed.
        source: the position of the image in the log; None if the record does not have it.
        redriven_at_ms: when the letter was last redriven.
        generation: the replay in which the stage failed; None in live work.
    """

    stage: str
    at_ms: int
    reason: str
    message: str
    attempts: int
    failed_at: str | None
    redriven_at_ms: int | None = None
    generation: str | None = None
    partition: int = 0
    offset: int = 0
    source: Position | None = None

    @property
    def order(self) -> tuple[int, int, int, int]:
        """Sort key: the greatest of a stage's failures is shown."""
        return self.at_ms, self.failed_at_ms, self.partition, self.offset

    @property
    def failed_at_ms(self) -> int:
        """When the stage failed, from the header; without it, the record's timestamp."""
        said = parse_ms(self.failed_at) if self.failed_at else None
        return self.at_ms if said is None else said


def is_newer(failure: StageFailure, result: StageResult) -> bool:
    """Whether a stage failed on an image after it had a result for it.

    An image that is sent again or redriven has a second record, and the outcome of the later record counts. For the
    same record the result counts, because with at-least-once delivery a worker may analyse it again and fail. Records
    of different partitions have no order, so the times of the outcomes are compared.
    """
    if failure.source is not None and result.source is not None and failure.source[:2] == result.source[:2]:
        return failure.source[2] > result.source[2]
    return failure.at_ms > result.at_ms


def has_answered(results: Sequence[StageResult], failures: Sequence[StageFailure], stages: Sequence[str]) -> bool:
    """Whether every stage has a result or has failed. Failures of replays do not count."""
    return set(stages) <= {r.stage for r in results} | {f.stage for f in failures if f.generation is None}
