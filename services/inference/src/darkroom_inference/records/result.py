"""The result event of an image."""

from collections.abc import Callable
from typing import Any

from pydantic_core import to_json

from darkroom import names
from darkroom.cloudevents import record_headers, timestamp
from darkroom.events import ANALYZED, ModelUsed, WorkerProcess
from darkroom.stage_settings import StageSettings
from darkroom_inference.records.generation import generation_headers, generation_of
from darkroom_inference.records.image import ImageRecord
from darkroom_inference.records.outgoing import Outgoing
from darkroom_vision.analyse import Analysis


def result(
    record: ImageRecord,
    analysis: Analysis,
    settings: StageSettings,
    model: ModelUsed,
    worker: WorkerProcess | None = None,
    fallback: Callable[[], Outgoing] | None = None,
) -> Outgoing:
    """The result of `record`. It has the image's key, so that results keep the order of their images."""
    stage, image_id, event = settings.stage.name, record.image_id, record.event
    generation = generation_of(record, settings)
    headers = record_headers(
        names.result_id(image_id, stage, generation),
        settings.source,
        ANALYZED,
        timestamp(),
        "application/json",
        trace=event.trace if event else None,
    )
    return Outgoing(
        topic=settings.results_topic,
        key=record.key if record.key is not None else image_id.encode(),
        value=_analyzed(record, analysis, settings, model, worker, generation),
        headers=[*headers, *generation_headers(generation)],
        image_timestamp_ms=record.timestamp_ms,
        fallback=fallback,
    )


def _analyzed(
    record: ImageRecord,
    analysis: Analysis,
    settings: StageSettings,
    model: ModelUsed,
    worker: WorkerProcess | None,
    generation: str | None,
) -> bytes:
    """The same bytes as `darkroom.events.Analyzed.to_json`, in an eighth of the time: parts of it are not validated."""
    timings = analysis.timings
    data: dict[str, Any] = {
        "imageId": record.image_id,
        "stage": settings.stage.name,
        "model": model,
        "image": {"width": analysis.width, "height": analysis.height, "format": analysis.format},
        "outputType": settings.stage.output.type,
        **analysis.result,
        "timings": {
            "decodeMs": round(timings.decode_s * 1000, 3),
            "preprocessMs": round(timings.preprocess_s * 1000, 3),
            "inferenceMs": round(timings.inference_s * 1000, 3),
        },
        "source": {"topic": record.topic, "partition": record.partition, "offset": record.offset},
    }
    if worker is not None:
        data["worker"] = worker
    if generation is not None:
        data["generation"] = generation
    return to_json(data, exclude_none=True)
