"""A batch and its positions are written together, so every record is counted once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from darkroom.kafka.log import TopicPartition
from darkroom_ingestion.store.database import Database, RowRefused, StoreUnavailable
from darkroom_ingestion.store.opening import open_database
from darkroom_ingestion.store.queries import read_positions
from darkroom_ingestion.store.tables import images
from darkroom_ingestion.store.writing.writes import Batch, Fenced, positions_at_assignment, write_batch
from tests.support.postgresql import STORES, make_database, postgresql

TOPIC = "demo.digits.images"
MANY = 200
"""Rows that PostgreSQL gets as a copy."""


__all__ = ["postgresql"]


@pytest.fixture(params=STORES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/store.db"
    else:
        url = make_database(request.getfixturevalue("postgresql"))
    opened = open_database(url)
    positions_at_assignment(opened, {TOPIC: "id"}, [TopicPartition(TOPIC, 0)])
    yield opened
    opened.close()


def image(image_id: str | None, offset: int, received_at_ms: int = 5, partition: int = 0) -> dict[str, Any]:
    return {
        "pipeline": "demo/digits",
        "id": image_id,
        "key": None,
        "received_at_ms": received_at_ms,
        "topic": TOPIC,
        "partition": partition,
        "offset": offset,
        "content_type": "image/png",
        "bytes": 1,
    }


def batch(start: int, *rows: dict[str, Any]) -> Batch:
    made = Batch(records=len(rows))
    for row in rows:
        made.rows.add(images, row)
    made.move(TopicPartition(TOPIC, 0), start, start + len(rows))
    return made


def stored(database: Database) -> list[tuple[str, int]]:
    query = select(images.c.id, images.c.offset).order_by(images.c.id)
    return database.read(lambda c: [(row.id, row.offset) for row in c.execute(query)])


def position(database: Database) -> int:
    return database.read(lambda c: read_positions(c, TOPIC))[0]


def test_a_batch_that_another_replica_has_written_is_refused_completely(database: Database) -> None:
    write_batch(database, batch(0, image("a", 0)))
    with pytest.raises(Fenced):
        write_batch(database, batch(0, image("b", 0), image("c", 1)))

    assert stored(database) == [("a", 0)]
    assert position(database) == 1


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
@pytest.mark.parametrize("together", [True, False])
def test_of_an_image_that_is_in_the_log_twice_the_first_stays(
    database: Database, order: list[int], together: bool
) -> None:
    rows = [image("a", 7, received_at_ms=5), image("a", 3, received_at_ms=9, partition=1)]
    first, second = (rows[number] for number in order)
    if together:
        assert write_batch(database, batch(0, first, second)) == 1
    else:
        write_batch(database, batch(0, first))
        write_batch(database, batch(1, second))

    assert stored(database) == [("a", 7)]


@pytest.mark.parametrize("known", [0, 1, MANY])
def test_of_many_images_those_that_the_store_has_are_written_once(database: Database, known: int) -> None:
    rows = [image(f"{number:03}", number) for number in range(MANY)]
    assert write_batch(database, batch(0, *rows[:known])) == 0

    assert write_batch(database, batch(known, *({**row, "offset": row["offset"] + MANY} for row in rows))) == known
    assert stored(database) == [
        (row["id"], row["offset"] + (0 if number < known else MANY)) for number, row in enumerate(rows)
    ]


@pytest.mark.parametrize("refused", [{"id": None}, {"id": "\ud800"}, {"bytes": 2**63}])
def test_a_refused_row_does_not_hold_up_many_others(database: Database, refused: dict[str, Any]) -> None:
    rows = [image(f"{number:03}", number) for number in range(MANY)]
    rows[MANY // 2] |= refused

    assert write_batch(database, batch(0, *rows)) == 0
    assert stored(database) == [(row["id"], row["offset"]) for row in rows if row["offset"] != MANY // 2]


@pytest.mark.parametrize("image_id", [None, "\x00", "".join(map(chr, range(0x4E00, 0x4E00 + 9_000))), "\ud800"])
def test_a_row_that_the_database_refuses_does_not_hold_up_the_others(database: Database, image_id: str | None) -> None:
    taken_by_sqlite = database.single_replica and image_id not in {None, "\ud800"}
    made = batch(0, image("a", 0), image(image_id, 1), image("c", 2))

    assert write_batch(database, made) == 0
    assert made.refused == (0 if taken_by_sqlite else 1)
    assert {("a", 0), ("c", 2)} <= set(stored(database))
    assert position(database) == 3


def test_a_number_that_the_database_refuses_does_not_hold_up_the_others(database: Database) -> None:
    made = batch(0, image("a", 0), image("b", 1, received_at_ms=10**30), image("c", 2))
    write_batch(database, made)

    assert made.refused == 1
    assert stored(database) == [("a", 0), ("c", 2)]


def test_a_table_that_is_missing_is_no_refusal(database: Database) -> None:
    database.write(lambda connection: connection.execute(text("DROP TABLE images")))
    with pytest.raises(StoreUnavailable) as failed:
        write_batch(database, batch(0, image("a", 0)))

    assert not isinstance(failed.value, RowRefused)
    assert position(database) == 0


def test_rows_of_a_recreated_topic_are_removed(database: Database) -> None:
    first, second = TopicPartition(TOPIC, 0), TopicPartition(TOPIC, 1)
    write_batch(database, batch(0, image("a", 0)))
    assert positions_at_assignment(database, {TOPIC: "id"}, [first, second]) == {first: 1, second: 0}
    assert positions_at_assignment(database, {TOPIC: "another"}, [first]) == {first: 0}
    assert stored(database) == []
