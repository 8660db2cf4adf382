"""The counts are those of the rows that are shown, whatever is read, in any order, and whatever is removed."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, select

from darkroom.kafka.log import TopicPartition
from darkroom_ingestion.store.counts.changes import LEVELS_S
from darkroom_ingestion.store.counts.derived import derive_if_outdated
from darkroom_ingestion.store.database import Database
from darkroom_ingestion.store.forgetting import forget_before
from darkroom_ingestion.store.tables import about, counts, result_labels
from tests.support.postgresql import STORES, make_database, postgresql
from tests.support.told import AT_MS, STAGES, Told, fill, logs, newest_results, open_empty

__all__ = ["postgresql"]

TOPICS = ["images", *(f"{stage}.{kind}" for stage, kind in product(STAGES, ("results", "dead-letters")))]
MANY = 100
"""Rows that PostgreSQL gets as a copy."""

Counted = dict[tuple[str, str, str, int], int]


@pytest.fixture(scope="module", params=STORES)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('store')}/store.db"
    else:
        url = make_database(request.getfixturevalue("postgresql"))
    opened = open_empty(url)
    yield opened
    opened.close()


def counted(database: Database, seconds: int = 60) -> Counted:
    """The counts by kind, stage, name and number of the minute."""
    rows = database.read(lambda c: c.execute(select(counts).where(counts.c.seconds == seconds)).all())
    first = AT_MS // 1_000 // seconds
    return {(row.kind, row.stage, row.name, row.start_s // seconds - first): row.count for row in rows}


def expected(told: Sequence[Told]) -> Counted:
    """The counts, computed from the records."""
    found: Counter[tuple[str, str, str, int]] = Counter()
    received: dict[str, Told] = {}
    repeated: dict[str, Told] = {}
    for one in sorted(told, key=lambda one: one.order):
        match one.kind:
            case "images":
                received.setdefault(one.id, one)
            case "results" if one.generation:
                repeated.setdefault(one.event, one)
            case "dead-letters":
                found["failed", one.stage, "", one.minute] += 1
                found["reason", one.stage, one.labels[0][0], one.minute] += 1
    for one in received.values():
        found["received", "", "", one.minute] += 1
        found["bytes", "", "", one.minute] += len(b"image")
    for one in repeated.values():
        found["repeated", one.stage, "", one.minute] += 1
    for one in newest_results(told):
        found["analyzed", one.stage, "", one.minute] += 1
        for label, _ in one.labels:
            found["label", one.stage, label, one.minute] += 1
        if one.generation is None:
            # Of 1 s, 61 s, 121 s and 181 s: the powers of 2^(1/2) ms that they are not above.
            found["latency", one.stage, str([20, 32, 34, 35][one.minute]), one.minute] += 1
    return dict(found)


@settings(max_examples=25)
@given(logs(), st.randoms(use_true_random=False), st.integers(1, 6))
def test_the_counts_do_not_depend_on_the_reading_order(
    database: Database, told: list[Told], chance: Any, at_once: int
) -> None:
    shuffled = list(told)
    chance.shuffle(shuffled)
    fill(database, shuffled, at_once)

    assert counted(database) == expected(told)


@settings(max_examples=10)
@given(logs(), st.integers(0, 14), st.integers(0, 1))
def test_rows_that_retention_removes_no_longer_count(
    database: Database, told: list[Told], before: int, partition: int
) -> None:
    fill(database, told, at_once=5)
    for topic in TOPICS[:3]:
        forget_before(database, TopicPartition(topic, partition), before)

    found = counted(database)
    database.write(derive_again)
    assert found == counted(database)


def test_a_result_counts_again_if_the_one_that_replaced_it_is_removed_first(database: Database) -> None:
    live, again = Told("results", 1), Told("results", 1, minute=2, generation="again", partition=1)
    fill(database, [live, again])
    assert counted(database) == expected([live, again])
    forget_before(database, TopicPartition(again.topic, 1), 1)

    assert counted(database) == expected([live])


@pytest.mark.parametrize("published_twice", [0, 1, MANY])
def test_results_of_a_replay_of_many_images_count_instead_of_the_first(
    database: Database, published_twice: int
) -> None:
    live = [Told("results", number, offset=number) for number in range(MANY)]
    labels = (("dog", 0.75), ("fox", 0.25))
    again = [replace(one, minute=2, generation="again", labels=labels, offset=MANY + one.offset) for one in live]
    # Earlier records of the same results, which are read later.
    earlier = [replace(one, minute=1, labels=labels[1:], partition=1) for one in again[:published_twice]]
    told = [*live, *again, *earlier]
    fill(database, told, at_once=MANY + MANY // 2)

    assert counted(database) == expected(told)
    stored = database.read(lambda c: c.execute(select(result_labels.c.event_id, result_labels.c.label)).all())
    first = {one.event: one for one in told}
    assert sorted(map(tuple, stored)) == sorted(
        (event, label) for event, one in first.items() for label, _ in one.labels
    )


def test_nothing_is_counted_of_topics_that_are_removed(database: Database) -> None:
    kinds = ("images", "results", "dead-letters")
    fill(database, [Told(kind, n, minute=n, generation="g" if n == 3 else None) for n in range(4) for kind in kinds])
    for topic in TOPICS[:3]:
        forget_before(database, TopicPartition(topic, 0), 2**62)

    assert [counted(database, seconds) for seconds in LEVELS_S] == [{}] * len(LEVELS_S)
    assert database.read(lambda c: c.execute(select(result_labels)).all()) == []


def derive_again(connection: Connection) -> None:
    connection.execute(delete(about).where(about.c.name == "derived"))
    derive_if_outdated(connection)


def test_longer_times_count_what_their_minutes_count(database: Database) -> None:
    told = [Told("images", number, minute=7 * number, offset=number) for number in range(200)]
    fill(database, told)

    for seconds in LEVELS_S:
        by_length = Counter(one.at_ms // 1_000 // seconds - AT_MS // 1_000 // seconds for one in told)
        found = {
            start: count for (kind, _, _, start), count in counted(database, seconds).items() if kind == "received"
        }
        assert found == by_length
