"""The features in a broker's response to ApiVersions."""

import pytest

from darkroom.kafka.features import parse_features, share_groups_problem

# Written by hand after ApiVersionsResponse.json, version 3: one API; the tags 0 (supported), 1 (epoch), 2 (finalized).
_APIS = b"\0\0\0\0" + b"\0\0" + b"\x02" + b"\0\x12\0\0\0\x04\0" + b"\0\0\0\0"
_FINALIZED = b"\x03" + b"\x0egroup.version\0\x01\0\x01\0" + b"\x0eshare.version\0\x01\0\x01\0"
_SUPPORTED = b"\x02" + b"\x0eshare.version\0\x01\0\x01\0"
_EPOCH = b"\x01\x08" + b"\0" * 8


def _response(finalized: bytes) -> bytes:
    tags = b"\0" + bytes([len(_SUPPORTED)]) + _SUPPORTED + _EPOCH + b"\x02" + bytes([len(finalized)]) + finalized
    return _APIS + b"\x03" + tags


def test_the_enabled_level_of_each_feature_is_read() -> None:
    assert parse_features(_response(_FINALIZED)) == {"group.version": 1, "share.version": 1}


def test_a_feature_that_is_only_supported_is_not_enabled() -> None:
    assert parse_features(_response(b"\x01")) == {}


def test_a_broker_without_this_version_of_the_request_has_no_features() -> None:
    assert parse_features(b"\0\0\0\0" + b"\0\x23" + b"\0\0\0\x01" + b"\0\x12\0\0\0\x02") == {}


@pytest.mark.parametrize("length", range(0, len(_response(_FINALIZED)), 5))
def test_a_response_that_ends_early_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="ends early"):
        parse_features(_response(_FINALIZED)[:length])


def test_a_kafka_that_does_not_answer_is_not_said_to_lack_share_groups() -> None:
    assert share_groups_problem({"bootstrap.servers": "127.0.0.1:1,[::1]:1,nowhere"}, 1.0) is None
