"""The document of an image, from its record and what its stages have answered. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from darkroom_ingestion.http.documents import State
from darkroom_ingestion.times import parse_ms, rfc3339

_Answer = TypeVar("_Answer", "StageResult", "StageFailure")


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
    """One analyzed event: its data, and when Kafka got it."""

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
        at_ms: of the record, which is the image's own time.
        generation: the replay that failed on the image; None in live work.
    """

    stage: str
    at_ms: int
    reason: str
    message: str
    attempts: int
    failed_at: str | None
    replayed_at_ms: int | None = None
    generation: str | None = None
    partition: int = 0
    offset: int = 0

    @property
    def order(self) -> tuple[int, int, int, int]:
        """The greatest of a stage's failures is the one that is told."""
        return self.at_ms, self.failed_at_ms, self.partition, self.offset

    @property
    def failed_at_ms(self) -> int:
        """When the stage gave up, as far as the record says."""
        said = parse_ms(self.failed_at) if self.failed_at else None
        return self.at_ms if said is None else said


def image_document(
    image_id: str,
    image: ReceivedImage | None,
    results: Sequence[StageResult],
    failures: Sequence[StageFailure],
    stages: Sequence[str],
) -> dict[str, Any]:
    """What `GET …/images/{id}` answers. `image` is None when only its results are left in the log.

    A replay's result is as good as any: the newest counts. A replay's failure is told, and changes nothing: that a new
    model can't analyse an image does not take back what the stage has said about it.
    """
    latest_results = _latest(results)
    latest_failures = {
        stage: failure
        for stage, failure in _latest([each for each in failures if each.generation is None]).items()
        if stage not in latest_results or latest_results[stage].at_ms < failure.at_ms
    }
    failed_replays = {
        stage: failure
        for stage, failure in _latest([each for each in failures if each.generation is not None]).items()
        if stage not in latest_results or latest_results[stage].at_ms < failure.failed_at_ms
    }
    shown = {stage: result for stage, result in latest_results.items() if stage not in latest_failures}
    return {
        "id": image_id,
        "state": _state(set(shown), set(latest_failures), stages),
        "key": image.key if image else None,
        "receivedAt": rfc3339(image.received_at_ms) if image else None,
        "image": _location(image, results),
        "results": [result.data for result in _in_order(latest_results, stages)],
        "failures": [
            _failure(failure) for each in (latest_failures, failed_replays) for failure in _in_order(each, stages)
        ],
    }


def has_answered(results: Sequence[StageResult], failures: Sequence[StageFailure], stages: Sequence[str]) -> bool:
    """Whether every stage has a result or has failed; a replay that failed is no answer."""
    return set(stages) <= {r.stage for r in results} | {f.stage for f in failures if f.generation is None}


def _state(analyzed: set[str], failed: set[str], stages: Sequence[str]) -> State:
    if not set(stages) <= analyzed | failed:
        return "Received"
    if not failed & set(stages):
        return "Analyzed"
    return "PartlyFailed" if analyzed & set(stages) else "Failed"


def _latest(answers: Sequence[_Answer]) -> dict[str, _Answer]:
    return {answer.stage: answer for answer in sorted(answers, key=lambda answer: answer.order)}


def _in_order(by_stage: dict[str, _Answer], stages: Sequence[str]) -> list[_Answer]:
    known = [by_stage[stage] for stage in stages if stage in by_stage]
    return known + [by_stage[stage] for stage in sorted(by_stage) if stage not in stages]


def _location(image: ReceivedImage | None, results: Sequence[StageResult]) -> dict[str, Any] | None:
    if image is not None:
        return {
            "topic": image.topic,
            "partition": image.partition,
            "offset": image.offset,
            "contentType": image.content_type,
            "bytes": image.bytes,
        }
    for result in results:
        if isinstance(source := result.data.get("source"), dict):
            return {**source, "contentType": None, "bytes": None}
    return None


def _failure(failure: StageFailure) -> dict[str, Any]:
    return {
        "stage": failure.stage,
        "reason": failure.reason,
        "message": failure.message,
        "attempts": failure.attempts,
        "failedAt": failure.failed_at,
        "replayedAt": None if failure.replayed_at_ms is None else rfc3339(failure.replayed_at_ms),
        "generation": failure.generation,
    }
