"""Records of the log."""

import pytest
from confluent_kafka import Message

from darkroom_ingestion.kafka.log_record import LogRecord

RAW = [("ce_id", b"first"), ("CE_ID", b"last\x00"), ("ce_type", b"\xff")]


@pytest.mark.parametrize("name", ["ce_id", "ce_type", "ce_time"])
def test_one_header_is_read_like_all(name: str) -> None:
    record = LogRecord("results", 0, 0, 0, None, RAW, b"")

    assert record.header(name) == record.headers.get(name)


def test_of_headers_with_the_same_name_the_last_counts() -> None:
    assert LogRecord("results", 0, 0, 0, None, RAW, b"").header("ce_id") == "last"


@pytest.mark.parametrize(
    ("received", "headers"),
    [
        ([("ce_id", b"an-id"), ("content-type", b"image/png")], {"ce_id": "an-id", "content-type": "image/png"}),
        ([("Ce_Id", b"an-id"), ("CONTENT-TYPE", b"image/png")], {"ce_id": "an-id", "content-type": "image/png"}),
        ([("ce_id", b"first"), ("ce_id", b"last")], {"ce_id": "last"}),
        ([("CE_ID", b"first"), ("ce_id", b"last")], {"ce_id": "last"}),
        ([("ce_id", b"an-id"), ("ce_time", None)], {"ce_id": "an-id"}),
        ([("ce_id", b"an-id"), ("ce_id", None)], {"ce_id": "an-id"}),
        (None, {}),
    ],
)
def test_headers_are_read_by_lower_case_name(
    received: list[tuple[str, bytes | None]] | None, headers: dict[str, str]
) -> None:
    # librdkafka returns headers without a value, which confluent-kafka's stubs do not allow.
    record = LogRecord.of(Message("t", 1, 2, b"key", b"value", received, timestamp=(1, 3)))  # type: ignore[arg-type]

    assert record.headers == headers
    assert {name: record.header(name) for name in ("ce_id", "ce_time", "content-type")} == {
        name: headers.get(name) for name in ("ce_id", "ce_time", "content-type")
    }
