"""Dead letters: failed images, complete, with the reason of the failure in headers."""

from datetime import UTC, datetime

from darkroom import names
from darkroom.cloudevents import CONTENT_TYPE, CloudEvent, timestamp
from darkroom.events import FAILED, GENERATION_HEADER, FailureHeaders
from darkroom.stage_settings import StageSettings
from darkroom_inference.records.generation import generation_headers, generation_of
from darkroom_inference.records.image import ImageRecord, RecordHeaders
from darkroom_inference.records.outgoing import Outgoing

_MESSAGE_MAX_CHARACTERS = 1_000
_UNKNOWN_CONTENT = "application/octet-stream"
_OF_AN_EARLIER_FAILURE = frozenset(
    {
        GENERATION_HEADER,
        *(v for name, v in vars(FailureHeaders).items() if not name.startswith("_") and isinstance(v, str)),
    }
)


def dead_letter(
    record: ImageRecord, settings: StageSettings, reason: str, message: str, *, attempts: int = 1
) -> Outgoing:
    """The dead letter of `record`: the record's key, value and headers, and headers with the failure.

    Its timestamp is the time of the failure. With the image's own, retention could delete it immediately.
    """
    failed_at = datetime.now(UTC)
    return Outgoing(
        topic=settings.dead_letters_topic,
        key=record.key,
        value=record.value,
        headers=[
            *_image_headers(record, settings),
            *generation_headers(generation_of(record, settings)),
            (FailureHeaders.REASON, reason.encode()),
            (FailureHeaders.MESSAGE, message[:_MESSAGE_MAX_CHARACTERS].encode(errors="replace")),
            (FailureHeaders.STAGE, settings.stage.name.encode()),
            (FailureHeaders.ATTEMPTS, str(attempts).encode()),
            (FailureHeaders.SOURCE_TOPIC, record.topic.encode()),
            (FailureHeaders.SOURCE_PARTITION, str(record.partition).encode()),
            (FailureHeaders.SOURCE_OFFSET, str(record.offset).encode()),
            *_source_timestamp(record),
            (FailureHeaders.FAILED_AT, timestamp(failed_at).encode()),
        ],
        reason=reason,
        timestamp_ms=round(failed_at.timestamp() * 1000),
        image_timestamp_ms=record.timestamp_ms,
    )


def _source_timestamp(record: ImageRecord) -> RecordHeaders:
    if record.timestamp_ms is None:
        return []
    at = datetime.fromtimestamp(record.timestamp_ms / 1000, UTC)
    return [(FailureHeaders.SOURCE_TIMESTAMP, timestamp(at).encode())]


def _image_headers(record: ImageRecord, settings: StageSettings) -> RecordHeaders:
    """The image's headers with the event type of a failure; the headers of a new event if the image has none."""
    own = [(name, value) for name, value in record.headers if name not in _OF_AN_EARLIER_FAILURE]
    if record.event is not None:
        typed = [(name, FAILED.encode() if name.lower() == "ce_type" else value) for name, value in own]
        return typed if record.event.type else [*typed, ("ce_type", FAILED.encode())]
    has_content_type = any(name.lower() == CONTENT_TYPE for name, _ in own)
    event = CloudEvent(
        id=record.image_id,
        source=names.images_source(settings.namespace, settings.pipeline),
        type=FAILED,
        time=timestamp(),
        content_type=None if has_content_type else _UNKNOWN_CONTENT,
    )
    return [*own, *event.headers()]
