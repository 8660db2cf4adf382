"""A consumed message as an image record."""

from typing import cast

from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, Message

from darkroom.cloudevents import in_binary_mode
from darkroom.kafka.record_headers import record_headers
from darkroom_inference.records.image import ImageRecord


def image_record(message: Message) -> ImageRecord:
    """The record in a message without an error. An event in structured mode is converted to binary mode."""
    kind, timestamp_ms = message.timestamp()
    headers, value = in_binary_mode(record_headers(message), message.value())
    return ImageRecord(
        topic=cast("str", message.topic()),
        partition=cast("int", message.partition()),
        offset=cast("int", message.offset()),
        key=message.key(),
        value=value,
        headers=headers,
        timestamp_ms=None if kind == TIMESTAMP_NOT_AVAILABLE else timestamp_ms,
    )
