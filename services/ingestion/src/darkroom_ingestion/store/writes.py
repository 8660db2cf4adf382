"""Writing what was read from the log: rows and positions in one transaction, so that each record counts once."""

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
from darkroom_ingestion.store.rows import Rows
from darkroom_ingestion.store.tables import dead_letters, images, positions, redrive_claims, redrives, results

_FORGET_AT_ONCE = 5_000


class Fenced(DarkroomError):
    """Another replica has read on from here: this one's assignment is out of date."""


# A redriven image is in the log twice, perhaps in two partitions, whose records come in any order.
_FIRST_IMAGE = (images.c.received_at_ms, images.c.partition, images.c.offset)
# A result that was published twice is in one partition, unless the topic was given more of them in between.
_FIRST_RESULT = (results.c.at_ms, results.c.partition, results.c.offset)
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
    """What was read since the last transaction.

    Attributes:
        moves: for each partition, the position it is read from and the one it is read to.
        ended: partitions that were read to their end.
        refused: rows that the database refused when the batch was written.
    """

    rows: Rows = field(default_factory=Rows)
    moves: dict[TopicPartition, tuple[int, int]] = field(default_factory=dict)
    ended: set[TopicPartition] = field(default_factory=set)
    records: int = 0
    refused: int = 0

    def move(self, partition: TopicPartition, start: int, end: int) -> None:
        """Everything of `partition` before `end` has been read; the store stood at `start`."""
        first = self.moves[partition][0] if partition in self.moves else start
        self.moves[partition] = (first, end)


def write_batch(database: Database, batch: Batch) -> int:
    """Write the batch, or nothing of it; returns how many rows the store had already.

    Raises:
        Fenced: the store is not where the batch starts.
        StoreUnavailable: the database failed.
    """

    def work(connection: Connection, *, row_by_row: bool) -> int:
        known = batch.refused = 0
        for table, rows in batch.rows.by_table.items():
            if row_by_row:
                inserted, refused = _insert_one_by_one(database, connection, table, rows)
                batch.refused += refused
            else:
                inserted, refused = _insert(database, connection, table, rows), 0
            known += len(rows) - inserted - refused
        moves = [
            {"at_topic": topic, "at_partition": partition, "start": start, "end": end}
            for (topic, partition), (start, end) in sorted(batch.moves.items())
        ]
        if database.count_updates(connection, _MOVE, moves) != len(moves):
            raise Fenced("the store is not where this replica's batch starts")
        return known

    try:
        return database.write(partial(work, row_by_row=False))
    except RowRefused as error:
        log.warning("the store refused a row, writing one by one", reason=str(error))
        return database.write(partial(work, row_by_row=True))


def _insert_one_by_one(
    database: Database, connection: Connection, table: Table, rows: list[dict[str, Any]]
) -> tuple[int, int]:
    """Insert those of `rows` that the database takes; returns how many were inserted and how many refused."""
    inserted = refused = 0
    for row in rows:
        try:
            with connection.begin_nested():
                inserted += _insert(database, connection, table, [row])
        except Exception as error:
            if not is_refusal(error):
                raise
            refused += 1
            position = {name: row.get(name) for name in ("topic", "partition", "offset")}
            log.error("the store refused a record, skipped", reason=reason_of(error), **position)  # noqa: TRY400
    return inserted, refused


def _insert(database: Database, connection: Connection, table: Table, rows: list[dict[str, Any]]) -> int:
    first_by = _FIRST_IMAGE if table is images else _FIRST_RESULT if table is results else ()
    last_by = _LAST_REDRIVE if table is redrives else ()
    return database.insert_new(connection, table, rows, first_by, last_by=last_by)


def positions_at_assignment(
    database: Database, topic_ids: Mapping[str, str], partitions: list[TopicPartition]
) -> dict[TopicPartition, int]:
    """The offset to resume each of `partitions` at: 0 for what was never read.

    Rows of a topic that has since been created anew are removed.
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
        database.insert_new(
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
    """Remove everything that was read from `topic`."""
    for table in (images, results, dead_letters, redrives, redrive_claims, positions):
        connection.execute(delete(table).where(table.c.topic == topic))


def forget_before(database: Database, partition: TopicPartition, offset: int) -> int:
    """Remove what was read from `partition` before `offset`: retention has removed it there too.

    In small transactions, so that nobody else waits long.
    """
    forgotten = 0
    for table in (images, results, dead_letters, redrives, redrive_claims):
        while removed := database.write(partial(_forget_some, table=table, partition=partition, offset=offset)):
            forgotten += removed
    return forgotten


def _forget_some(connection: Connection, *, table: Table, partition: TopicPartition, offset: int) -> int:
    there = (table.c.topic == partition.topic) & (table.c.partition == partition.partition)
    oldest = select(func.min(table.c.offset)).where(there).scalar_subquery()
    chunk = (table.c.offset < offset) & (table.c.offset < oldest + _FORGET_AT_ONCE)
    return connection.execute(delete(table).where(there, chunk)).rowcount
