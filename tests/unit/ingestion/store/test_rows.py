"""Conversion of records to rows. No record can stop the store."""

import base64
import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import Message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from darkroom.cloudevents import record_headers
from darkroom.events import RECEIVED
from darkroom_ingestion.feed.events import feed_event
from darkroom_ingestion.kafka.log_record import LogRecord, TopicContents
from darkroom_ingestion.records.answers import ReceivedImage
from darkroom_ingestion.store.database import Database
from darkroom_ingestion.store.opening import open_database
from darkroom_ingestion.store.rows import Rows
from darkroom_ingestion.store.tables import images, redrives, result_labels, results
from darkroom_ingestion.store.writing.inserts import insert_new
from darkroom_ingestion.times import rfc3339
from tests.support.postgresql import STORES, make_database, postgresql

TOPICS = {
    "images": TopicContents("demo/digits", "images"),
    "results": TopicContents("demo/digits", "results", "classify"),
    "dead-letters": TopicContents("demo/digits", "dead-letters", "classify"),
}
HEADERS = [
    *("ce_id", "ce_time", "content-type", "darkroom-replay-of", "darkroom-error-reason", "darkroom-error-message"),
    *("darkroom-error-attempts", "darkroom-error-source-topic", "darkroom-error-source-partition"),
    *("darkroom-error-source-offset", "darkroom-error-failed-at"),
]
INDEXED = {"image_id", "event_id", "id", "label", "topic", "pipeline", "stage"}
wild_text = st.text(st.characters(), max_size=30) | st.sampled_from(
    [
        *("\x00", "\ud800", "x" * 5_000, "ü" * 2_000, "9" * 30, "-1", "4294967296"),
        *("t/1/2", "t/99999999999/9", f"demo.digits.{'s' * 3_000}.dead-letters/1/2"),
        "demo.digits.classify.dead-letters/1/2",
    ]
)
wild_json = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.just(10**400) | wild_text,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(wild_text, children, max_size=3),
    max_leaves=5,
)
results_data = st.fixed_dictionaries(
    {"imageId": wild_text | wild_json},
    optional={
        "predictions": st.lists(
            st.fixed_dictionaries(
                {"label": wild_text | wild_json, "score": st.floats() | st.just(-(10**400)) | wild_json}
            ),
            max_size=2,
        )
    },
)
plain_values = (
    st.binary(max_size=50)
    | wild_json.map(lambda v: json.dumps(v).encode())
    | st.tuples(results_data, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32-be"])).map(
        lambda made: json.dumps(made[0]).encode(made[1])
    )
)
structured_values = st.builds(
    lambda event, data: json.dumps(event | {"data_base64": base64.b64encode(data).decode()}).encode(),
    st.dictionaries(
        st.sampled_from(["id", "time", "datacontenttype", "traceparent"]) | wild_text, wild_json, max_size=4
    ),
    plain_values,
)
header_texts = wild_text.map(lambda text: text.encode(errors="surrogatepass")) | st.none() | st.binary(max_size=20)


__all__ = ["postgresql"]


@pytest.fixture(scope="module", params=STORES)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('store')}/store.db"
    else:
        url = make_database(request.getfixturevalue("postgresql"))
    opened = open_database(url)
    yield opened
    opened.close()


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


@pytest.mark.fuzz
@settings(
    max_examples=int(os.environ.get("DARKROOM_FUZZ_EXAMPLES", "200")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    role=st.sampled_from(sorted(TOPICS)),
    value=st.none() | plain_values | structured_values,
    headers=st.lists(st.tuples(st.sampled_from(HEADERS) | wild_text, header_texts), max_size=5),
    structured=st.booleans(),
    key=st.none() | st.binary(max_size=10),
    timestamp_ms=st.integers(-1, 2**62),
)
def test_every_record_has_a_row_or_is_skipped(
    database: Database,
    role: str,
    value: bytes | None,
    headers: list[tuple[str, bytes | None]],
    structured: bool,
    key: bytes | None,
    timestamp_ms: int,
) -> None:
    if structured:
        headers = [("content-type", b"application/cloudevents+json"), *headers]
    # librdkafka returns headers without a value, which confluent-kafka's stubs do not allow.
    record = LogRecord.of(Message("t", 1, 2, key, value, headers, timestamp=(1, timestamp_ms)))  # type: ignore[arg-type]
    event = feed_event(TOPICS[role], record) if role != "images" else None
    assert event is None or not {"\n", "\r"} & set(event.data)
    rows = Rows()
    rows.add_record(TOPICS[role], record)

    def write(connection: Connection) -> None:
        for table, of_table in rows.by_table.items():
            insert_new(connection, table, of_table)
            for one in of_table:
                row = one if isinstance(one, dict) else one._asdict()
                for text in (value for value in row.values() if isinstance(value, str)):
                    assert "\x00" not in text
                texts = {name: value for name, value in row.items() if isinstance(value, str) and name != "data"}
                assert sum(len(text.encode()) for name, text in texts.items() if name in INDEXED) < 2_600
                assert sum(len(text.encode()) for text in texts.values()) < 20_000
                json.loads(row.get("data", "{}"), parse_constant=refuse)

    database.write(write)


@pytest.mark.parametrize(
    ("data", "labels"),
    [
        ({"predictions": [{"label": "seven", "score": 0.9}, {"label": "one", "score": 0.1}]}, ["seven"]),
        ({"outputType": "MultiLabel", "predictions": [{"label": "sea"}, {"label": "sky"}]}, ["sea", "sky"]),
        (
            {"outputType": "Detection", "predictions": [{"label": "dog"}, {"label": "cat"}, {"label": "dog"}]},
            ["dog", "cat"],
        ),
        ({"outputType": "Segmentation", "classes": [{"label": "road"}, {"label": "car"}]}, ["road", "car"]),
        (
            {"outputType": "Detection", "predictions": [{"label": str(i)} for i in range(999)]},
            [str(i) for i in range(200)],
        ),
        ({"outputType": "Text", "text": {"text": "seven", "score": 1}}, []),
        ({"predictions": "seven", "classes": [1, {"label": 2}]}, []),
    ],
)
def test_a_result_has_a_row_for_each_of_its_labels(data: dict[str, Any], labels: list[str]) -> None:
    rows = Rows()
    value = json.dumps({"imageId": "i", **data}).encode()
    rows.add_record(TOPICS["results"], LogRecord("t", 1, 2, 3, None, [("ce_id", b"i.classify")], value))
    [row] = rows.by_table[results]

    assert (row.image_id, row.event_id) == ("i", "i.classify")
    assert [found.label for found in rows.by_table.get(result_labels, [])] == labels


@pytest.mark.parametrize(
    ("topic", "marked"),
    [
        ("demo.digits.classify.dead-letters", True),
        ("demo.digits.old-stage.dead-letters", True),
        ("demo.other.classify.dead-letters", False),
        ("other.digits.classify.dead-letters", False),
        ("demo.digits.classify.results", False),
        ("demo.digits.dead-letters", False),
        (f"demo.digits.{'s' * 3_000}.dead-letters", False),
        ("", False),
    ],
)
def test_a_record_marks_dead_letters_of_its_own_pipeline_only(topic: str, marked: bool) -> None:
    rows = Rows()
    headers = [("darkroom-replay-of", f"{topic}/1/2".encode())]
    rows.add_record(TOPICS["images"], LogRecord("demo.digits.images", 1, 2, 3, None, headers, b""))

    assert (redrives in rows.by_table) == marked


@settings(max_examples=20)
@given(key=st.none() | st.text(max_size=10) | st.just("ü" * 600), at_ms=st.integers(0, 2**42))
def test_the_row_of_an_accepted_image_is_that_of_its_record(key: str | None, at_ms: int) -> None:
    # As `Submissions.publish` makes both.
    headers = record_headers("an-id", "/demo/digits", RECEIVED, rfc3339(at_ms), "image/jpeg")
    record = LogRecord("t", 1, 7, at_ms, (key or "an-id").encode(), list(headers), b"bytes")
    accepted = ReceivedImage("demo/digits", "an-id", key if key != "an-id" else None, at_ms, "t", 1, 7, "image/jpeg", 5)
    passed, read = Rows(), Rows()

    passed.add_image(accepted)
    read.add_record(TOPICS["images"], record)

    assert passed == read
    assert list(passed.by_table[images][0]) == list(read.by_table[images][0])  # rows are inserted by position
