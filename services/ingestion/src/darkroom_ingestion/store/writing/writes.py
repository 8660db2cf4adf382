"""Writes rows and positions in one transaction, so that every record is counted exactly once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Connection, Row, select

from darkroom.errors import DarkroomError
from darkroom.kafka.log import TopicPartition
from darkroom_ingestion.store.counts.changes import Changes
from darkroom_ingestion.store.database import Database, RowRefused, is_refusal, reason_of
from darkroom_ingestion.store.forgetting import forget_topic
from darkroom_ingestion.store.rows import Rows
from darkroom_ingestion.store.tables import (
    dead_letters,
    images,
    positions,
    redrives,
    result_labels,
    results,
)
from darkroom_ingestion.store.writing.images import write_images
from darkroom_ingestion.store.writing.inserts import insert_absent, insert_new, unnested
from darkroom_ingestion.store.writing.results import write_results


class Fenced(DarkroomError):
    """Another replica has advanced the position: this replica's assignment is outdated."""


_LAST_REDRIVE = (redrives.c.replayed_at_ms,)


log = structlog.get_logger("darkroom.ingestion.store")


@dataclass
class Batch:
    """Rows and positions to write in one transaction.

    Attributes:
        moves: for each partition, the position at the start of the batch and at its end.
        ended: partitions that were read to their end.
        passed: how many of the records were passed by an HTTP process instead of read from Kafka.
        refused: the number of rows that the database refused when the batch was written.
    """

    rows: Rows = field(default_factory=Rows)
    moves: dict[TopicPartition, tuple[int, int]] = field(default_factory=dict)
    ended: set[TopicPartition] = field(default_factory=set)
    records: int = 0
    passed: int = 0
    refused: int = 0

    def move(self, partition: TopicPartition, start: int, end: int) -> None:
        """Record that `partition` has been read from `start`, the store's position, to `end` (exclusive)."""
        known = self.moves.get(partition)
        self.moves[partition] = (start if known is None else known[0], end)


def write_batch(database: Database, batch: Batch) -> int:
    """Write the batch in one transaction. Returns how many rows the store already had.

    Raises:
        Fenced: the store's position is not the start of the batch.
        StoreUnavailable: the database failed.
    """

    def work(connection: Connection, *, row_by_row: bool) -> int:
        changes = Changes()
        if row_by_row:
            changed = _write_one_by_one(connection, batch, changes)
        else:
            batch.refused = 0
            changed = _write_rows(connection, batch.rows, changes)
        changes.write(connection)
        if batch.moves and _move(connection, batch.moves) != len(batch.moves):
            raise Fenced("the store's position is not the start of the batch")
        # Labels are part of their result.
        written = sum(len(rows) for table, rows in batch.rows.by_table.items() if table is not result_labels)
        return written - changed - batch.refused

    try:
        return database.write(partial(work, row_by_row=False))
    except RowRefused as error:
        log.warning("the store refused a row, writing one by one", reason=str(error))
        return database.write(partial(work, row_by_row=True))


def _write_rows(connection: Connection, rows: Rows, changes: Changes) -> int:
    """Write rows and count them. Returns how many rows were changed."""
    changed = 0
    for table, of_table in rows.by_table.items():
        if table is results:
            labels = rows.by_table.get(result_labels, [])
            changed += write_results(connection, of_table, labels, rows.labels, changes)
        elif table is images:
            changed += write_images(connection, of_table, changes)
        elif table is dead_letters:
            new = insert_absent(connection, dead_letters, of_table)
            changes.failures(new)
            changed += len(new)
        elif table is redrives:
            changed += insert_new(connection, redrives, of_table, last_by=_LAST_REDRIVE)
    return changed


def _write_one_by_one(connection: Connection, batch: Batch, changes: Changes) -> int:
    """Write rows one by one, and count those that the database refuses. Returns how many rows were changed."""
    changed = batch.refused = 0
    for rows in batch.rows.one_by_one():
        of_row = Changes()
        try:
            with connection.begin_nested():
                changed += _write_rows(connection, rows, of_row)
        except Exception as error:
            if not is_refusal(error):
                raise
            batch.refused += 1
            ((row, *_), *_) = reversed(rows.by_table.values())
            values = row if isinstance(row, dict) else row._asdict()
            position = {name: values.get(name) for name in ("topic", "partition", "offset")}
            log.error("the store refused a record, skipped", reason=reason_of(error), **position)  # noqa: TRY400
        else:
            changes.add(of_row)
    return changed


def _move(connection: Connection, moves: Mapping[TopicPartition, tuple[int, int]]) -> int:
    """Move positions from their starts to their ends. Returns how many were at their starts."""
    values = [(end, topic, partition, start) for (topic, partition), (start, end) in sorted(moves.items())]
    if connection.dialect.name == "sqlite":
        update = 'UPDATE positions SET next_offset = ? WHERE topic = ? AND "partition" = ? AND next_offset = ?'
        return connection.exec_driver_sql(update, values).rowcount
    # One statement: psycopg does not count the rows of several, and each would be a round trip.
    moved, columns = unnested(positions, ("next_offset", "topic", "partition", "next_offset"), values)
    same = 'positions.topic = moved.topic AND positions."partition" = moved."partition" AND next_offset = moved.start'
    source = f'{moved} AS moved("end", topic, "partition", start)'
    update = f'UPDATE positions SET next_offset = moved."end" FROM {source} WHERE {same}'  # noqa: S608 - our own names
    return connection.exec_driver_sql(update, columns).rowcount


def positions_at_assignment(
    database: Database, topic_ids: Mapping[str, str], partitions: list[TopicPartition]
) -> dict[TopicPartition, int]:
    """The offset to resume at in each of `partitions`; 0 for partitions that were never read.

    Rows of a topic that has been recreated since are removed.
    """
    topics = {topic for topic, _ in partitions}
    stored = database.read(lambda connection: _positions(connection, topics))
    for topic in {t for (t, _), row in stored.items() if t in topic_ids and row.topic_id != topic_ids[t]}:
        forget_topic(database, topic, [at for at in stored if at.topic == topic])

    def work(connection: Connection) -> dict[TopicPartition, int]:
        known = _positions(connection, topics)
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


def _positions(connection: Connection, topics: set[str]) -> dict[TopicPartition, Row[Any]]:
    rows = connection.execute(select(positions).where(positions.c.topic.in_(topics)))
    return {TopicPartition(row.topic, row.partition): row for row in rows}
