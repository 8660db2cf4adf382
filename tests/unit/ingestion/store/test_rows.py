"""What records of the log become in the store; whatever they are, they must not be able to stop it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from darkroom_ingestion.kafka.log_record import LogRecord, TopicContents
from darkroom_ingestion.store.database import Database, open_database
from darkroom_ingestion.store.rows import Rows
from darkroom_ingestion.store.tables import results

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
wild_text = st.text(st.characters(), max_size=30) | st.sampled_from(
    ["\x00", "\ud800", "x" * 5_000, "ü" * 2_000, "9" * 30, "-1", "4294967296", "t/1/2", "t/99999999999/9"]
)
wild_json = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | wild_text,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(wild_text, children, max_size=3),
    max_leaves=5,
)
results_data = st.fixed_dictionaries(
    {"imageId": wild_text | wild_json},
    optional={
        "predictions": st.lists(
            st.fixed_dictionaries({"label": wild_text | wild_json, "score": st.floats() | wild_json}), max_size=2
        )
    },
)
values = (
    st.binary(max_size=50)
    | wild_json.map(lambda v: json.dumps(v).encode())
    | results_data.map(lambda v: json.dumps(v).encode())
)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Database:
    return open_database(f"sqlite:///{tmp_path_factory.mktemp('store')}/store.db")


@given(
    role=st.sampled_from(sorted(TOPICS)),
    value=values,
    headers=st.dictionaries(st.sampled_from(HEADERS), wild_text),
    key=st.none() | st.binary(max_size=10),
    timestamp_ms=st.integers(-1, 2**62),
)
def test_every_record_has_a_row_or_is_passed_over(
    database: Database, role: str, value: bytes, headers: dict[str, str], key: bytes | None, timestamp_ms: int
) -> None:
    raw = [(name, text.encode(errors="surrogatepass")) for name, text in headers.items()]
    record = LogRecord.read("t", 1, 2, timestamp_ms, key, raw, value)
    rows = Rows()
    rows.add_record(TOPICS[role], record)

    def write(connection: Connection) -> None:
        for table, of_table in rows.by_table.items():
            database.insert_new(connection, table, of_table)
            for row in of_table:
                for text in (value for value in row.values() if isinstance(value, str)):
                    assert "\x00" not in text
                indexed = [row.get(name) or "" for name in ("image_id", "event_id", "id", "label")]
                assert sum(len(text.encode()) for text in indexed) < 2_600

    database.write(write)


def test_the_label_of_a_result_is_that_of_its_best_prediction() -> None:
    data: dict[str, Any] = {
        "imageId": "i",
        "predictions": [{"label": "seven", "score": 0.9}, {"label": "one", "score": 0.1}],
    }
    rows = Rows()
    record = LogRecord.read("t", 1, 2, 3, None, [("ce_id", b"i.classify")], json.dumps(data).encode())
    rows.add_record(TOPICS["results"], record)
    [row] = rows.by_table[results]

    assert (row["label"], row["score"], row["image_id"], row["event_id"]) == ("seven", 0.9, "i", "i.classify")
