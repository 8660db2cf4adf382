"""Events of the feed, from the records of results and dead letters."""

import json

import pytest

from darkroom_ingestion.feed.events import FeedEvent, feed_event
from darkroom_ingestion.kafka.log_record import LogRecord, TopicContents

RESULTS = TopicContents("demo/digits", "results", "classify")
DEAD_LETTERS = TopicContents("demo/digits", "dead-letters", "classify")
FAILED = {"ce_id": "i", "darkroom-error-reason": "DecodeError", "darkroom-error-message": "cut off"}


def result(value: bytes) -> FeedEvent | None:
    return feed_event(RESULTS, LogRecord("results", 3, 42, 1_000, b"k", [("ce_id", b"i.classify")], value))


def failure(**headers: str) -> FeedEvent | None:
    pairs = [(name, text.encode()) for name, text in headers.items()]
    return feed_event(DEAD_LETTERS, LogRecord("dead-letters", 3, 42, 1_000, b"k", pairs, b"image"))


def test_a_result_is_sent_as_it_was_published() -> None:
    event = result(b'{"imageId": "i",  "predictions": []}')
    assert event is not None
    assert (event.name, event.image_id, event.data) == ("analyzed", "i", '{"imageId": "i",  "predictions": []}')
    assert (event.topic, event.partition, event.offset) == (("classify", "r"), 3, 42)


def test_a_result_in_several_lines_is_sent_in_one() -> None:
    event = result(b'{\r\n "imageId": "i"\n}')
    assert event is not None
    assert event.data == '{"imageId": "i"}'


@pytest.mark.parametrize("value", [b"no JSON", b"[]", b"{}"])
def test_a_record_that_is_no_result_is_no_event(value: bytes) -> None:
    assert result(value) is None


def test_a_failure_tells_of_its_replay_if_there_was_one() -> None:
    live, again = failure(**FAILED), failure(**FAILED, **{"darkroom-generation": "again"})
    assert live is not None
    assert again is not None
    assert live.name == again.name == "failed"
    assert "generation" not in json.loads(live.data)
    assert json.loads(again.data)["generation"] == "again"
    assert json.loads(live.data)["reason"] == "DecodeError"
