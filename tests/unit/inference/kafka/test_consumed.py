"""A consumed message as an image record."""

import json

from confluent_kafka import TIMESTAMP_CREATE_TIME, TIMESTAMP_NOT_AVAILABLE, Message

from darkroom_inference.kafka.consumed import image_record
from darkroom_inference.records.image import ImageRecord


def test_a_message_in_binary_mode_is_taken_as_it_is() -> None:
    headers = [("ce_id", b"i"), ("darkroom-target-stage", b"classify")]
    message = Message("images", 3, 42, b"k", b"image", headers, None, (TIMESTAMP_CREATE_TIME, 1_000))
    assert image_record(message) == ImageRecord("images", 3, 42, b"k", b"image", headers, 1_000)


def test_a_message_without_headers_value_and_timestamp_is_a_record_too() -> None:
    message = Message("images", 3, 42, timestamp=(TIMESTAMP_NOT_AVAILABLE, 0))
    record = image_record(message)
    assert (record.key, record.value, record.timestamp_ms, list(record.headers)) == (None, None, None, [])


def test_an_event_in_structured_mode_is_unwrapped() -> None:
    event = {
        "specversion": "1.0",
        "id": "i",
        "source": "/camera",
        "type": "dev.darkroom.image.received",
        "datacontenttype": "image/png",
        "data_base64": "aW1hZ2U=",
    }
    message = Message(
        "images",
        3,
        42,
        value=json.dumps(event).encode(),
        headers=[("content-type", b"application/cloudevents+json")],
        timestamp=(TIMESTAMP_CREATE_TIME, 1_000),
    )
    record = image_record(message)
    assert (record.image_id, record.value) == ("i", b"image")
