"""Rows of deleted pipelines are removed after some days."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from darkroom.kafka.log import TopicPartition
from darkroom_ingestion.store.database import Database
from darkroom_ingestion.store.housekeeping import forget_unused_topics
from darkroom_ingestion.store.opening import open_database
from darkroom_ingestion.store.tables import about, images, positions
from darkroom_ingestion.store.writing.writes import Batch, positions_at_assignment, write_batch

DAY_MS = 24 * 3_600_000
STAYS, GOES = "demo.stays.images", "demo.goes.images"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path}/store.db")
    for topic in (STAYS, GOES):
        at = TopicPartition(topic, 0)
        positions_at_assignment(opened, {topic: "id"}, [at])
        batch = Batch(records=3)
        for offset in range(3):
            batch.rows.add(images, image(topic, offset))
        batch.move(at, 0, 3)
        write_batch(opened, batch)
    yield opened
    opened.close()


def image(topic: str, offset: int) -> dict[str, Any]:
    return {
        "pipeline": "/".join(topic.split(".")[:2]),
        "id": f"{topic}-{offset}",
        "key": None,
        "received_at_ms": 5,
        "topic": topic,
        "partition": 0,
        "offset": offset,
        "content_type": "image/png",
        "bytes": 1,
    }


def counts(database: Database) -> dict[str, int]:
    query = select(images.c.topic, func.count()).group_by(images.c.topic)
    return database.read(lambda c: {row[0]: row[1] for row in c.execute(query)})


def test_rows_of_a_topic_that_no_pipeline_uses_go_after_a_week(database: Database) -> None:
    def in_use(topic: str) -> bool:
        return topic == STAYS

    for day in (0, 3, 6):
        forget_unused_topics(database, in_use, 1_000 + day * DAY_MS)
        assert counts(database) == {STAYS: 3, GOES: 3}
    forget_unused_topics(database, in_use, 1_000 + 7 * DAY_MS)

    assert counts(database) == {STAYS: 3}
    read = database.read(lambda c: set(c.execute(select(positions.c.topic)).scalars()))
    assert read == {STAYS}
    assert database.read(lambda c: set(c.execute(select(about.c.name)).scalars())) == {"derived", "instance"}


def test_a_pipeline_that_is_recreated_in_time_keeps_its_rows(database: Database) -> None:
    forget_unused_topics(database, lambda topic: topic == STAYS, 1_000)
    forget_unused_topics(database, lambda _: True, 1_000 + 6 * DAY_MS)
    forget_unused_topics(database, lambda topic: topic == STAYS, 1_000 + 8 * DAY_MS)

    assert counts(database) == {STAYS: 3, GOES: 3}
