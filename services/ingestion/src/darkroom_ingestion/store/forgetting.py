"""Removes the rows of records that the log no longer has, and what they counted."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from sqlalchemy import ColumnElement, Connection, delete, func, select
from sqlalchemy.schema import Table

from darkroom.kafka.log import TopicPartition
from darkroom_ingestion.store.counts.changes import Changes
from darkroom_ingestion.store.counts.locks import lock_results
from darkroom_ingestion.store.counts.newest import (
    answer_of,
    count_newest,
    labels_of_results,
    pipelines_with_repeats,
)
from darkroom_ingestion.store.database import Database
from darkroom_ingestion.store.result_rows import StoredResult
from darkroom_ingestion.store.tables import (
    dead_letters,
    images,
    positions,
    redrive_claims,
    redrives,
    result_labels,
    results,
)

_AT_ONCE = 500
_END_OF_LOG = 2**63 - 1

_Remove = Callable[[Connection, ColumnElement[bool]], int]


def forgetting_before(database: Database, partition: TopicPartition, offset: int) -> Iterator[int]:
    """Remove the rows of records of `partition` before `offset`, which retention has removed.

    Yields after each of many small transactions how many rows it has removed.
    """
    for table in (images, results, dead_letters, redrives, redrive_claims):
        while removed := database.write(partial(_forget_some, table=table, partition=partition, offset=offset)):
            yield removed


def forget_before(database: Database, partition: TopicPartition, offset: int) -> int:
    """Remove all of these rows. Returns how many."""
    return sum(forgetting_before(database, partition, offset))


def forget_topic(database: Database, topic: str, partitions: Iterable[TopicPartition]) -> None:
    """Remove the rows of all records of `topic`, whose `partitions` the store has, and then their positions."""
    for at in partitions:
        forget_before(database, at, _END_OF_LOG)
    database.write(lambda connection: connection.execute(delete(positions).where(positions.c.topic == topic)))


def _forget_some(connection: Connection, *, table: Table, partition: TopicPartition, offset: int) -> int:
    there = (table.c.topic == partition.topic) & (table.c.partition == partition.partition)
    oldest = select(func.min(table.c.offset)).where(there).scalar_subquery()
    chunk = there & (table.c.offset < offset) & (table.c.offset < oldest + _AT_ONCE)
    return _REMOVERS.get(table, partial(_remove, table=table))(connection, chunk)


def _remove(connection: Connection, chunk: ColumnElement[bool], *, table: Table) -> int:
    return connection.execute(delete(table).where(chunk)).rowcount


def _remove_images(connection: Connection, chunk: ColumnElement[bool]) -> int:
    columns = (images.c.pipeline, images.c.received_at_ms, images.c.bytes)
    removed = connection.execute(delete(images).where(chunk).returning(*columns)).mappings().all()
    changes = Changes()
    changes.images(removed, -1)
    changes.write(connection)
    return len(removed)


def _remove_failures(connection: Connection, chunk: ColumnElement[bool]) -> int:
    columns = (dead_letters.c[name] for name in ("pipeline", "stage", "at_ms", "reason"))
    removed = connection.execute(delete(dead_letters).where(chunk).returning(*columns)).mappings().all()
    changes = Changes()
    changes.failures(removed, -1)
    changes.write(connection)
    return len(removed)


def _remove_results(connection: Connection, chunk: ColumnElement[bool]) -> int:
    """Remove results with their labels. An earlier one of a result that is removed counts again."""
    columns = (results.c[name] for name in StoredResult._fields)
    query = select(*columns).where(chunk)
    lock_results(connection, (), exclusive={row.pipeline for row in connection.execute(query)})
    removed = [StoredResult._make(row) for row in connection.execute(query)]
    pipelines = {row.pipeline for row in removed}
    changes, answers = Changes(), set(map(answer_of, removed))
    repeats = pipelines_with_repeats(connection, pipelines)
    if repeats:
        count_newest(connection, changes, answers, -1)
        changes.repeated(removed, -1)
    else:
        changes.results(removed, -1)
        changes.labels(labels_of_results(connection, ((row.pipeline, row.event_id) for row in removed)), -1)
    for pipeline in pipelines:
        events = select(results.c.event_id).where(chunk, results.c.pipeline == pipeline)
        own = result_labels.c.event_id.in_(events)
        connection.execute(delete(result_labels).where(result_labels.c.pipeline == pipeline, own))
    connection.execute(delete(results).where(chunk))
    if repeats:
        count_newest(connection, changes, answers, 1)
    changes.write(connection)
    return len(removed)


_REMOVERS: dict[Table, _Remove] = {images: _remove_images, results: _remove_results, dead_letters: _remove_failures}
