"""The document of an image, built from its record, its results and its failures. Pure."""

from collections.abc import Sequence
from typing import Any, Literal, TypeVar

from darkroom_ingestion.records.answers import ReceivedImage, StageFailure, StageResult, is_newer
from darkroom_ingestion.times import rfc3339

_Answer = TypeVar("_Answer", StageResult, StageFailure)

State = Literal["Received", "Analyzed", "PartlyFailed", "Failed"]


def image_document(
    image_id: str,
    image: ReceivedImage | None,
    results: Sequence[StageResult],
    failures: Sequence[StageFailure],
    stages: Sequence[str],
) -> dict[str, Any]:
    """The document of `GET …/images/{id}`. `image` is None if only its results are left in the log.

    Only the newest result of every stage is shown, of live work or of a replay. Failures of replays are listed but do
    not change the state: they do not revoke an earlier result.
    """
    latest_results = _latest(results)
    latest_failures = {
        stage: failure
        for stage, failure in _latest([failure for failure in failures if failure.generation is None]).items()
        if stage not in latest_results or is_newer(failure, latest_results[stage])
    }
    failed_replays = {
        stage: failure
        for stage, failure in _latest([failure for failure in failures if failure.generation is not None]).items()
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
            _failure(failure) for chosen in (latest_failures, failed_replays) for failure in _in_order(chosen, stages)
        ],
    }


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
    redriven_at = None if failure.redriven_at_ms is None else rfc3339(failure.redriven_at_ms)
    return {
        "stage": failure.stage,
        "reason": failure.reason,
        "message": failure.message,
        "attempts": failure.attempts,
        "failedAt": failure.failed_at,
        "redrivenAt": redriven_at,
        "replayedAt": redriven_at,
        "generation": failure.generation,
    }
