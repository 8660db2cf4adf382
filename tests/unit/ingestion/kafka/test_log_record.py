"""Records of the log."""

import pytest

from darkroom_ingestion.kafka.log_record import LogRecord

RAW = [("ce_id", b"first"), ("CE_ID", b"last\x00"), ("ce_type", b"\xff")]


@pytest.mark.parametrize("name", ["ce_id", "ce_type", "ce_time"])
def test_one_header_is_read_like_all(name: str) -> None:
    record = LogRecord("results", 0, 0, 0, None, RAW, b"")

    assert record.header(name) == record.headers.get(name)


def test_of_headers_with_the_same_name_the_last_counts() -> None:
    assert LogRecord("results", 0, 0, 0, None, RAW, b"").header("ce_id") == "last"
