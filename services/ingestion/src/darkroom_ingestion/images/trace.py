"""What happened to an image, in order of time: its records in the log, and the redrives of its dead letters. Pure."""

from collections.abc import Iterator, Sequence
from typing import Any

from darkroom import names
from darkroom.result_fields import summary_of
from darkroom_ingestion.images.document import image_document
from darkroom_ingestion.records.answers import ReceivedImage, StageFailure, StageResult
from darkroom_ingestion.times import rfc3339

_Step = tuple[int, dict[str, Any]]
"""Milliseconds since 1970, and the step."""


def image_trace(
    pipeline: tuple[str, str],
    image_id: str,
    image: ReceivedImage | None,
    results: Sequence[StageResult],
    failures: Sequence[StageFailure],
    stages: Sequence[str],
) -> dict[str, Any]:
    """The document of `GET …/images/{id}/trace`.

    Args:
        pipeline: namespace and name.
        image_id: the image's id.
        image: None if retention has removed it.
        results: all of its results, also those that later ones have replaced.
        failures: all of its dead letters.
        stages: the stages of the pipeline.
    """
    steps = [*_received(image), *_analyzed(pipeline, results), *_failed(pipeline, failures), *_redriven(failures)]
    answered = {result.stage for result in results} | {failure.stage for failure in failures}
    return {
        "id": image_id,
        "state": image_document(image_id, image, results, failures, stages)["state"],
        "key": image.key if image else None,
        "steps": [_at(at_ms, step, image) for at_ms, step in sorted(steps, key=lambda one: one[0])],
        "waiting": [stage for stage in stages if stage not in answered],
    }


def _at(at_ms: int, step: dict[str, Any], image: ReceivedImage | None) -> dict[str, Any]:
    return {"at": rfc3339(at_ms), "afterMs": None if image is None else at_ms - image.received_at_ms, **step}


def _received(image: ReceivedImage | None) -> Iterator[_Step]:
    if image is not None:
        yield (
            image.received_at_ms,
            {
                "step": "Received",
                "record": _record(image.topic, image.partition, image.offset),
                "contentType": image.content_type,
                "bytes": image.bytes,
            },
        )


def _analyzed(pipeline: tuple[str, str], results: Sequence[StageResult]) -> Iterator[_Step]:
    for result in results:
        yield (
            result.at_ms,
            {
                "step": "Analyzed",
                "stage": result.stage,
                "record": _record(names.results_topic(*pipeline, result.stage), result.partition, result.offset),
                "summary": summary_of(result.data),
                "model": _object(result.data.get("model")),
                "timings": _object(result.data.get("timings")),
                "worker": _object(result.data.get("worker")),
                "generation": result.data.get("generation"),
                "source": None if result.source is None else _record(*result.source),
            },
        )


def _failed(pipeline: tuple[str, str], failures: Sequence[StageFailure]) -> Iterator[_Step]:
    for failure in failures:
        topic = names.dead_letters_topic(*pipeline, failure.stage)
        yield (
            failure.failed_at_ms,
            {
                "step": "Failed",
                "stage": failure.stage,
                "record": _record(topic, failure.partition, failure.offset),
                "reason": failure.reason,
                "message": failure.message,
                "attempts": failure.attempts,
                "generation": failure.generation,
                "source": None if failure.source is None else _record(*failure.source),
            },
        )


def _redriven(failures: Sequence[StageFailure]) -> Iterator[_Step]:
    for failure in failures:
        if failure.redriven_at_ms is not None:
            yield failure.redriven_at_ms, {"step": "Redriven", "stage": failure.stage}


def _object(value: object) -> object:
    """The value if it is a JSON object: others may publish results too."""
    return value if isinstance(value, dict) else None


def _record(topic: str, partition: int, offset: int) -> dict[str, Any]:
    return {"topic": topic, "partition": partition, "offset": offset}
