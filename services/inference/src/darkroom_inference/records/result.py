"""The result event of an image."""

from darkroom import names
from darkroom.cloudevents import CloudEvent, timestamp
from darkroom.events import ANALYZED, Analyzed, ModelUsed, Source, WorkerProcess
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
) -> Outgoing:
    """The result of `record`. It has the image's key, so that results keep the order of their images."""
    stage = settings.stage.name
    generation = generation_of(record, settings)
    data = Analyzed(
        image_id=record.image_id,
        stage=stage,
        model=model,
        image=analysis.image,
        output_type=settings.stage.output.type,
        **analysis.result,
        timings=analysis.timings.in_event(),
        source=Source(topic=record.topic, partition=record.partition, offset=record.offset),
        worker=worker,
        generation=generation,
    )
    event = CloudEvent(
        id=names.result_id(record.image_id, stage, generation),
        source=settings.source,
        type=ANALYZED,
        time=timestamp(),
        content_type="application/json",
        trace=record.event.trace if record.event else {},
    )
    return Outgoing(
        topic=settings.results_topic,
        key=record.key if record.key is not None else record.image_id.encode(),
        value=data.to_json(),
        headers=[*event.headers(), *generation_headers(generation)],
        image_timestamp_ms=record.timestamp_ms,
    )
