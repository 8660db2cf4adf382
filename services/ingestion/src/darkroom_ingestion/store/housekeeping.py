"""Removal of expired rows: records that retention has removed from the log, and old idempotency keys."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial

import structlog
from sqlalchemy import Connection, delete, select

from darkroom.kafka.errors import KafkaUnreachable
from darkroom.kafka.log import TopicPartition
from darkroom_ingestion.kafka.log_admin import LogAdmin
from darkroom_ingestion.metrics import Metrics
from darkroom_ingestion.store.database import Database, StoreUnavailable
from darkroom_ingestion.store.forgetting import forget_topic, forgetting_before
from darkroom_ingestion.store.idempotency_rows import forget_old_keys
from darkroom_ingestion.store.queries import all_positions
from darkroom_ingestion.store.redrives.jobs import forget_old_jobs
from darkroom_ingestion.store.tables import about
from darkroom_ingestion.store.writing.inserts import insert_new
from darkroom_ingestion.times import now_ms

_EVERY_S = 60.0
_GRACE_MS = 7 * 24 * 3_600_000
"""How long the rows of a deleted pipeline are kept, in case it is recreated."""
_UNUSED = "unused since: "

log = structlog.get_logger("darkroom.ingestion.housekeeping")


async def run_housekeeping(
    database: Database,
    logs: Callable[[], list[tuple[LogAdmin, frozenset[str]]]],
    in_use: Callable[[str], bool],
    metrics: Metrics,
) -> None:
    """Remove expired rows every minute, until cancelled.

    Args:
        database: the store.
        logs: returns every Kafka cluster with the topics read from it.
        in_use: returns whether a topic belongs to a pipeline that exists.
        metrics: counts failures.
    """
    done: dict[TopicPartition, int] = {}
    # Always the same thread: the C library keeps, for each thread, memory that its work has needed.
    thread = ThreadPoolExecutor(1, "housekeeping")
    in_thread = partial(asyncio.get_running_loop().run_in_executor, thread)
    try:
        while True:
            await asyncio.sleep(_EVERY_S)
            try:
                await in_thread(forget_old_keys, database)
                await in_thread(database.write, partial(forget_old_jobs, at_ms=now_ms()))
                await in_thread(forget_unused_topics, database, in_use, now_ms())
                for admin, topics in logs():
                    await forget_expired_records(database, admin, topics, done, thread)
            except (KafkaUnreachable, StoreUnavailable) as error:
                log.info("housekeeping postponed", reason=str(error))
            except Exception:
                metrics.loop_failures.labels("housekeeping").inc()
                log.exception("housekeeping failed, trying again later")
    finally:
        thread.shutdown(wait=False, cancel_futures=True)


async def forget_expired_records(
    database: Database, admin: LogAdmin, topics: frozenset[str], done: dict[TopicPartition, int], thread: Executor
) -> int:
    """Remove rows whose records are before the beginning of the log. Returns how many.

    Half of the time is left to other writers of the store and to requests.

    Args:
        database: the store.
        admin: of the Kafka cluster.
        topics: the topics that are read from it.
        done: the beginnings before which no rows were left. Is updated.
        thread: runs what blocks.

    Raises:
        KafkaUnreachable: no broker answered in time.
        StoreUnavailable: the database failed.
    """
    in_thread = partial(asyncio.get_running_loop().run_in_executor, thread)
    forgotten = 0
    for at, beginning in (await in_thread(_beginnings, database, admin, topics)).items():
        if not beginning or beginning == done.get(at):
            continue
        forgotten_here, steps, started = 0, forgetting_before(database, at, beginning), time.monotonic()
        while removed := await in_thread(next, steps, 0):
            forgotten_here += removed
            await asyncio.sleep(time.monotonic() - started)
            started = time.monotonic()
        # Rows of such records can still arrive after they were looked for: the next round looks again.
        if not forgotten_here:
            done[at] = beginning
        forgotten += forgotten_here
    if forgotten:
        log.info("removed rows of records that retention has removed", rows=forgotten)
    return forgotten


def _beginnings(database: Database, admin: LogAdmin, topics: frozenset[str]) -> dict[TopicPartition, int]:
    """The beginnings of the partitions that have been read."""
    read = database.read(all_positions)
    return dict(admin.beginnings(at for at, position in read.items() if at.topic in topics and position))


def forget_unused_topics(database: Database, in_use: Callable[[str], bool], at_ms: int) -> None:
    """Remove the rows of topics that no pipeline has used for some days.

    Raises:
        StoreUnavailable: the database failed.
    """
    partitions, unused_since = database.read(all_positions), database.read(_unused_since)
    for topic in {at.topic for at in partitions}:
        since = unused_since.get(topic)
        if in_use(topic):
            if since is not None:
                database.write(partial(_set_used, topic=topic))
        elif since is None:
            database.write(partial(_set_unused, topic=topic, at_ms=at_ms))
        elif at_ms - since >= _GRACE_MS:
            forget_topic(database, topic, [at for at in partitions if at.topic == topic])
            database.write(partial(_set_used, topic=topic))
            log.info("removed the rows of a topic that no pipeline uses", topic=topic)


def _unused_since(connection: Connection) -> dict[str, int]:
    """Since when each unused topic has been unused."""
    rows = connection.execute(select(about).where(about.c.name.startswith(_UNUSED)))
    return {row.name.removeprefix(_UNUSED): int(row.value) for row in rows}


def _set_used(connection: Connection, *, topic: str) -> None:
    connection.execute(delete(about).where(about.c.name == _UNUSED + topic))


def _set_unused(connection: Connection, *, topic: str, at_ms: int) -> None:
    insert_new(connection, about, [{"name": _UNUSED + topic, "value": str(at_ms)}])
