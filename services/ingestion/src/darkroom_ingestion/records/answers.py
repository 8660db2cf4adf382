"""An image in the log, and what its stages have answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from darkroom_ingestion.times import parse_ms


@dataclass(frozen=True)
class ReceivedImage:
    """An image in the log. `key` is the caller's; None if the record's key is the image's own id."""

    pipeline: str
    id: str
    key: str | None
    received_at_ms: int
    topic: str
    partition: int
    offset: int
    content_type: str
    bytes: int


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
        """The greatest of a stage's results is its answer, in whatever order the log was read."""
        return self.at_ms, self.partition, self.offset


@dataclass(frozen=True)
class StageFailure:
    """One dead letter.

    Attributes:
        at_ms: the record's timestamp, which is the image's own.
        redriven_at_ms: when the letter was last redriven.
        generation: the replay that failed on the image; None in live work.
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

    @property
    def order(self) -> tuple[int, int, int, int]:
        """The greatest of a stage's failures is the one that is shown."""
        return self.at_ms, self.failed_at_ms, self.partition, self.offset

    @property
    def failed_at_ms(self) -> int:
        """When the stage gave up; the record's timestamp if its header does not say."""
        said = parse_ms(self.failed_at) if self.failed_at else None
        return self.at_ms if said is None else said


def has_answered(results: Sequence[StageResult], failures: Sequence[StageFailure], stages: Sequence[str]) -> bool:
    """Whether every stage has a result or has failed. A replay that failed is no answer."""
    return set(stages) <= {r.stage for r in results} | {f.stage for f in failures if f.generation is None}
