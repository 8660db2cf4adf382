"""Publishing an image again: for the stages that are to analyse it again."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from structlog.contextvars import bind_contextvars

from darkroom import events
from darkroom.cloudevents import Headers, timestamp
from darkroom_ingestion.catalog.served import ServedPipeline
from darkroom_ingestion.images.publishing import ImagesTopics
from darkroom_ingestion.kafka.log_record import LogRecord
from darkroom_ingestion.kafka.publisher import Ack, Record
from darkroom_ingestion.store.rows import REDRIVE_HEADER
from darkroom_ingestion.times import now_ms

_REPLACED = {events.TARGET_STAGE_HEADER, REDRIVE_HEADER, "ce_type", "ce_id", "ce_specversion"}


@dataclass(frozen=True)
class Republished:
    """A record of an image that was published again. `stage` is the only one to analyse it; None: all."""

    stage: str | None
    ack: Ack


async def publish_again(
    topics: ImagesTopics, served: ServedPipeline, image_id: str, record: LogRecord, stages: Sequence[str]
) -> tuple[str, list[Republished]]:
    """Publish an image again, as an image of a new generation. Returns the generation, and the new records.

    A result of live work replaces no other one of its image and stage: it would count as the same result, published
    twice. Results of a generation do, and failures do not revoke earlier results. A record names one stage or none, so
    there is one for each of `stages`, unless these are all.

    Args:
        topics: the images topics.
        served: the pipeline.
        image_id: the image's id.
        record: its record in the log.
        stages: stages of the pipeline.

    Raises:
        Refused: Kafka is slow or unavailable. The image may have been published for some of the stages.
        NotConnected: the pipeline's Kafka can't be used.
    """
    bind_contextvars(image_id=image_id)
    generation = f"again-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    key = record.key if record.key is not None else image_id.encode()
    done = []
    for stage in [None] if set(stages) == set(served.stages) else dict.fromkeys(stages):
        added = {events.GENERATION_HEADER: generation} | ({} if stage is None else {events.TARGET_STAGE_HEADER: stage})
        headers = republished_headers(record, image_id, added)
        ack = await topics.publish(served, Record(served.plan.images.name, key, record.value, headers, now_ms()))
        done.append(Republished(stage, ack))
    return generation, done


def republished_headers(record: LogRecord, image_id: str, added: Mapping[str, str]) -> Headers:
    """The headers of the original image, with `added`, which replace others of their names.

    Args:
        record: the image, or a dead letter with the image.
        image_id: the image's id.
        added: such as the stage that is to analyse it again.
    """
    kept = [
        (name, value)
        for name, value in record.raw_headers
        if value is not None
        and not name.lower().startswith("darkroom-error-")
        and name.lower() not in _REPLACED
        and name.lower() not in added
    ]
    ours = {"ce_specversion": "1.0", "ce_id": image_id, "ce_type": events.RECEIVED, **added}
    if "ce_time" not in record.headers:
        ours["ce_time"] = timestamp()
    return [*((name, value.encode()) for name, value in ours.items()), *kept]
