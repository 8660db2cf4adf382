"""Writes rows and positions in one transaction, so that every record is counted exactly once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Connection, bindparam, delete, func, select, update
from sqlalchemy.schema import Table

from darkroom.errors import DarkroomError
from darkroom.kafka.log import TopicPartition
from darkroom_ingestion.store.database import Database, RowRefused, is_refusal, reason_of
from darkroom_ingestion.store.inserts import insert_new
from darkroom_ingestion.store.rows import Rows
from darkroom_ingestion.store.tables import (
    dead_letters,
    images,
    positions,
    redrive_claims,
    redrives,
    result_labels,
    results,
)

_FORGET_AT_ONCE = 5_000


class Fenced(DarkroomError):
    """Another replica has advanced the position: this replica's assignment is outdated."""


# A redriven image is in the log twice, possibly in two partitions, whose records are read in any order.
_FIRST_IMAGE = (images.c.received_at_ms, images.c.partition, images.c.offset)
# A result that was published twice is in one partition, unless partitions were added in between.
_FIRST_RESULT = (results.c.at_ms, results.c.partition, results.c.offset)
_FIRST_LABEL = (result_labels.c.at_ms, result_labels.c.partition, result_labels.c.offset)
_FIRST_BY = {images: _FIRST_IMAGE, results: _FIRST_RESULT, result_labels: _FIRST_LABEL}
_LAST_REDRIVE = (redrives.c.replayed_at_ms,)

_MOVE = (
    update(positions)
    .where(positions.c.topic == bindparam("at_topic"), positions.c.partition == bindparam("at_partition"))
    .where(positions.c.next_offset == bindparam("start"))
    .values(next_offset=bindparam("end"))
)


log = structlog.get_logger("darkroom.ingestion.store")


@dataclass
class Batch:
    """Rows and positions to write in one transaction.

    Attributes:
        moves: for each partition, the position at the start of the batch and at its end.
        ended: partitions that were read to their end.
        refused: the number of rows that the database refused when the batch was written.
    """

    rows: Rows = field(default_factory=Rows)
    moves: dict[TopicPartition, tuple[int, int]] = field(default_factory=dict)
    ended: set[TopicPartition] = field(default_factory=set)
    records: int = 0
    refused: int = 0

    def move(self, partition: TopicPartition, start: int, end: int) -> None:
        """Record that `partition` has been read from `start`, the store's position, to `end` (exclusive)."""
        first = self.moves[partition][0] if partition in self.moves else start
        self.moves[partition] = (first, end)


def write_batch(database: Database, batch: Batch) -> int:
    """Write the batch in one transaction. Returns how many rows the store already had.

    Raises:
        Fenced: the store's position is not the start of the batch.
        StoreUnavailable: the database failed.
    """

    def work(connection: Connection, *, row_by_row: bool) -> int:
        known = batch.refused = 0
        for table, rows in batch.rows.by_table.items():
            if row_by_row:
                inserted, refused = _insert_one_by_one(connection, table, rows)
                batch.refused += refused
            else:
                inserted, refused = _insert(connection, table, rows), 0
            if table is not result_labels:  # they are part of their result
                known += len(rows) - inserted - refused
        moves = [
            {"at_topic": topic, "at_partition": partition, "start": start, "end": end}
            for (topic, partition), (start, end) in sorted(batch.moves.items())
        ]
        if database.count_updates(connection, _MOVE, moves) != len(moves):
            raise Fenced("the store's position is not the start of the batch")
        return known

    try:
        return database.write(partial(work, row_by_row=False))
    except RowRefused as error:
        log.warning("the store refused a row, writing one by one", reason=str(error))
        return database.write(partial(work, row_by_row=True))


def _insert_one_by_one(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> tuple[int, int]:
    """Insert `rows` one by one. Returns how many were inserted, and how many the database refused."""
    inserted = refused = 0
    for row in rows:
        try:
            with connection.begin_nested():
                inserted += _insert(connection, table, [row])
        except Exception as error:
            if not is_refusal(error):
                raise
            refused += 1
            position = {name: row.get(name) for name in ("topic", "partition", "offset")}
            log.error("the store refused a record, skipped", reason=reason_of(error), **position)  # noqa: TRY400
    return inserted, refused


def _insert(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> int:
    last_by = _LAST_REDRIVE if table is redrives else ()
    return insert_new(connection, table, rows, _FIRST_BY.get(table, ()), last_by=last_by)


def positions_at_assignment(
    database: Database, topic_ids: Mapping[str, str], partitions: list[TopicPartition]
) -> dict[TopicPartition, int]:
    """The offset to resume at in each of `partitions`; 0 for partitions that were never read.

    Rows of a topic that has been recreated since are removed.
    """

    def work(connection: Connection) -> dict[TopicPartition, int]:
        known = {
            TopicPartition(row.topic, row.partition): row
            for row in connection.execute(
                select(positions).where(positions.c.topic.in_({topic for topic, _ in partitions}))
            )
        }
        for topic in {t for (t, _), row in known.items() if t in topic_ids and row.topic_id != topic_ids[t]}:
            forget_topic(connection, topic)
            known = {at: row for at, row in known.items() if at.topic != topic}
        missing = [at for at in partitions if at not in known]
        insert_new(
            connection,
            positions,
            [
                {"topic": topic, "partition": partition, "topic_id": topic_ids.get(topic, ""), "next_offset": 0}
                for topic, partition in missing
            ],
        )
        return {at: known[at].next_offset if at in known else 0 for at in partitions}

    return database.write(work)


def forget_topic(connection: Connection, topic: str) -> None:
    """Remove the rows of all records of `topic`."""
    for table in (images, results, result_labels, dead_letters, redrives, redrive_claims, positions):
        connection.execute(delete(table).where(table.c.topic == topic))


def forget_before(database: Database, partition: TopicPartition, offset: int) -> int:
    """Remove the rows of records of `partition` before `offset`, which retention has removed. Returns how many.

    Works in small transactions, so that other writers do not wait long.
    """
    forgotten = 0
    for table in (images, results, result_labels, dead_letters, redrives, redrive_claims):
        while removed := database.write(partial(_forget_some, table=table, partition=partition, offset=offset)):
            forgotten += removed
    return forgotten


def _forget_some(connection: Connection, *, table: Table, partition: TopicPartition, offset: int) -> int:
    there = (table.c.topic == partition.topic) & (table.c.partition == partition.partition)
    oldest = select(func.min(table.c.offset)).where(there).scalar_subquery()
    chunk = (table.c.offset < offset) & (table.c.offset < oldest + _FORGET_AT_ONCE)
    return connection.execute(delete(table).where(there, chunk)).rowcount
