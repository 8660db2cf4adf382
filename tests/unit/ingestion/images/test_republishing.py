"""Headers of images that are published again."""

from darkroom_ingestion.images.republishing import republished_headers
from darkroom_ingestion.kafka.log_record import LogRecord


def test_an_image_keeps_its_headers_but_those_that_are_replaced() -> None:
    received = [
        *(("ce_id", b"another"), ("ce_specversion", b"1.0"), ("ce_type", b"dev.darkroom.image.failed")),
        *(("ce_time", b"2026-11-23T12:00:00Z"), ("content-type", b"image/png"), ("traceparent", b"00-1-2-01")),
        *(("Darkroom-Target-Stage", b"old"), ("darkroom-generation", b"old"), ("darkroom-replay-of", b"t/0/1")),
        ("darkroom-error-reason", b"DecodeError"),
    ]
    record = LogRecord("t", 0, 0, 1, None, received, b"")
    headers = republished_headers(record, "an-image", {"darkroom-target-stage": "new", "darkroom-generation": "now"})

    assert len(dict(headers)) == len(headers)
    assert dict(headers) == {
        "ce_id": b"an-image",
        "ce_specversion": b"1.0",
        "ce_type": b"dev.darkroom.image.received",
        "ce_time": b"2026-11-23T12:00:00Z",
        "content-type": b"image/png",
        "traceparent": b"00-1-2-01",
        "darkroom-target-stage": b"new",
        "darkroom-generation": b"now",
    }


def test_an_image_without_a_time_gets_one() -> None:
    headers = dict(republished_headers(LogRecord("t", 0, 0, 1, None, [], b""), "an-image", {}))

    assert set(headers) == {"ce_id", "ce_specversion", "ce_type", "ce_time"}
