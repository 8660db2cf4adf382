"""A consumed message as an image record."""

from typing import cast

from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, Message

from darkroom_inference.records.image import ImageRecord, RecordHeaders


def image_record(message: Message) -> ImageRecord:
    """The record in a message that holds no error."""
    kind, timestamp_ms = message.timestamp()
    return ImageRecord(
        topic=cast("str", message.topic()),
        partition=cast("int", message.partition()),
        offset=cast("int", message.offset()),
        key=message.key(),
        value=message.value(),
        headers=cast("RecordHeaders", message.headers() or []),
        timestamp_ms=None if kind == TIMESTAMP_NOT_AVAILABLE else timestamp_ms,
    )
