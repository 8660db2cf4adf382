"""The counts are those of the rows that are shown, whatever is read, in any order, and whatever is removed."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from darkroom.kafka.log import TopicPartition
from darkroom_ingestion.kafka.log_record import LogRecord, TopicContents
from darkroom_ingestion.store.counts.changes import LEVELS_S
from darkroom_ingestion.store.database import Database
from darkroom_ingestion.store.derived import derive_if_outdated
from darkroom_ingestion.store.forgetting import forget_before
from darkroom_ingestion.store.opening import open_database
from darkroom_ingestion.store.tables import about, counts, dead_letters, images, result_labels, results
from darkroom_ingestion.store.writes import Batch, positions_at_assignment, write_batch
from tests.support.postgresql import make_database, postgresql

__all__ = ["postgresql"]

PIPELINE = "demo/digits"
TOPICS = {
    "images": TopicContents(PIPELINE, "images", None),
    "results": TopicContents(PIPELINE, "results", "classify"),
    "letters": TopicContents(PIPELINE, "dead-letters", "classify"),
}
AT_MS = 1_790_000_000_000
MINUTE = AT_MS // 60_000
FIRST_LATENCY_MS = 1_000


@dataclass(frozen=True)
class Told:
    """A record: an image, a result of it, or a dead letter (without a label)."""

    topic: str
    image: int
    minute: int
    generation: str | None
    labels: tuple[str, ...]
    partition: int
    offset: int = 0

    @property
    def id(self) -> str:
        """A UUID version 7 of the time of the first record."""
        made_at_ms = AT_MS - FIRST_LATENCY_MS
        return f"{made_at_ms >> 16:08x}-{made_at_ms & 0xFFFF:04x}-7000-8000-{self.image:012x}"

    @property
    def at_ms(self) -> int:
        return AT_MS + 60_000 * self.minute

    @property
    def event(self) -> str:
        return f"{self.id}.classify" + (f"@{self.generation}" if self.generation else "")

    @property
    def record(self) -> LogRecord:
        headers, value = [("ce_id", self.id.encode())], b"image"
        if self.topic == "letters":
            headers += [("darkroom-error-reason", self.labels[0].encode())]
        if self.topic == "results":
            found = [{"label": label, "score": 0.5} for label in self.labels]
            value = json.dumps({"imageId": self.id, "outputType": "Detection", "predictions": found}).encode()
            headers = [("ce_id", self.event.encode())]
        return LogRecord(self.topic, self.partition, self.offset, self.at_ms, b"k", headers, value)


@st.composite
def logs(draw: st.DrawFn) -> list[Told]:
    """Records of three images: some sent twice, results of live work and two replays, some of them published twice."""
    told = draw(
        st.lists(
            st.builds(
                Told,
                topic=st.sampled_from(["images", "results", "results", "results", "letters"]),
                image=st.integers(0, 2),
                minute=st.integers(0, 3),
                generation=st.sampled_from([None, None, "again", "later"]),
                labels=st.lists(st.sampled_from(["cat", "dog", "fox"]), min_size=1, max_size=3).map(tuple),
                partition=st.integers(0, 1),
            ),
            max_size=14,
        )
    )
    return [Told(**{**vars(one), "offset": offset}) for offset, one in enumerate(told)]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('store')}/store.db"
    else:
        url = make_database(request.getfixturevalue("postgresql"))
    opened = open_database(url)
    positions_at_assignment(opened, {}, [TopicPartition("any", 0)])
    yield opened
    opened.close()


def read(database: Database, told: Sequence[Told], at_once: int) -> None:
    """Fill an empty store from these records in this order."""
    tables = (images, results, result_labels, dead_letters, counts)
    database.write(lambda connection: [connection.execute(delete(table)) for table in tables])
    for start in range(0, len(told), at_once):
        batch = Batch()
        for one in told[start : start + at_once]:
            batch.rows.add_record(TOPICS[one.topic], one.record)
        batch.move(TopicPartition("any", 0), 0, 0)
        write_batch(database, batch)


def counted(database: Database, seconds: int = 60) -> dict[tuple[str, str, int], int]:
    """The counts by kind, name and number of the minute."""
    rows = database.read(lambda c: c.execute(select(counts).where(counts.c.seconds == seconds)).all())
    assert {row.stage for row in rows} <= {"", "classify"}
    return {(row.kind, row.name, row.start_s // seconds - AT_MS // 1000 // seconds): row.count for row in rows}


def expected(told: Sequence[Told]) -> dict[tuple[str, str, int], int]:
    """The counts, computed from the records."""
    found: Counter[tuple[str, str, int]] = Counter()
    in_order = sorted(told, key=lambda one: (one.at_ms, one.partition, one.offset))
    first: dict[Any, Told] = {}
    for one in in_order:
        first.setdefault((one.topic, one.event if one.topic == "results" else one.id), one)
    newest = {one.id: one for (topic, _), one in first.items() if topic == "results"}
    for (topic, _), one in first.items():
        if topic == "images":
            found["received", "", one.minute] += 1
            found["bytes", "", one.minute] += len(b"image")
        if topic == "results" and one.generation:
            found["repeated", "", one.minute] += 1
    for one in newest.values():
        found["analyzed", "", one.minute] += 1
        for label in set(one.labels):
            found["label", label, one.minute] += 1
        if one.generation is None:
            # 1 s is the upper bound of no bucket: it is in that of 2^9.75 to 2^10 ms; 61 s in that up to 2^16 ms.
            bucket = {0: 40, 1: 64, 2: 68, 3: 70}[one.minute]
            found["latency", str(bucket), one.minute] += 1
    for one in told:
        if one.topic == "letters":
            found["failed", "", one.minute] += 1
            found["reason", one.labels[0], one.minute] += 1
    return dict(found)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(logs(), st.randoms(use_true_random=False), st.integers(1, 6))
def test_the_counts_do_not_depend_on_the_reading_order(
    database: Database, told: list[Told], chance: Any, at_once: int
) -> None:
    shuffled = list(told)
    chance.shuffle(shuffled)
    read(database, shuffled, at_once)

    assert counted(database) == expected(told)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(logs(), st.integers(0, 14), st.integers(0, 1))
def test_rows_that_retention_removes_no_longer_count(
    database: Database, told: list[Told], before: int, partition: int
) -> None:
    read(database, told, at_once=5)
    for topic in TOPICS:
        forget_before(database, TopicPartition(topic, partition), before)

    def derived(connection: Any) -> None:
        connection.execute(delete(about).where(about.c.name == "derived"))
        derive_if_outdated(connection)

    kept = counted(database)
    database.write(derived)
    assert kept == counted(database)
    assert all(count > 0 for count in kept.values())

    for topic in TOPICS:
        for each in (0, 1):
            forget_before(database, TopicPartition(topic, each), 2**62)
    assert [counted(database, seconds) for seconds in LEVELS_S] == [{}] * len(LEVELS_S)
    assert database.read(lambda c: c.execute(select(result_labels)).all()) == []


def test_longer_times_count_what_their_minutes_count(database: Database) -> None:
    told = [Told("images", number, 7 * number, None, (), 0, number) for number in range(200)]
    read(database, told, at_once=50)

    for seconds in LEVELS_S:
        by_length = Counter(one.at_ms // 1000 // seconds - AT_MS // 1000 // seconds for one in told)
        found = {start: count for (kind, _, start), count in counted(database, seconds).items() if kind == "received"}
        assert found == by_length
