"""Removal of expired rows: records that retention has removed from the log, and old idempotency keys."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import Connection, delete, insert, select

from darkroom.kafka.errors import KafkaUnreachable
from darkroom_ingestion.kafka.log_admin import LogAdmin
from darkroom_ingestion.metrics import Metrics
from darkroom_ingestion.store.database import Database, StoreUnavailable
from darkroom_ingestion.store.forgetting import forget_before, forget_topic
from darkroom_ingestion.store.idempotency_rows import forget_old_keys
from darkroom_ingestion.store.queries import all_positions
from darkroom_ingestion.store.redrives.jobs import forget_old_jobs
from darkroom_ingestion.store.tables import about
from darkroom_ingestion.times import now_ms

if TYPE_CHECKING:
    from darkroom.kafka.log import TopicPartition

_EVERY_S = 300.0
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
    """Remove expired rows every few minutes, until cancelled.

    Args:
        database: the store.
        logs: returns every Kafka cluster with the topics read from it.
        in_use: returns whether a topic belongs to a pipeline that exists.
        metrics: counts failures.
    """
    while True:
        await asyncio.sleep(_EVERY_S)
        try:
            await asyncio.to_thread(forget_old_keys, database)
            await asyncio.to_thread(database.write, partial(forget_old_jobs, at_ms=now_ms()))
            await asyncio.to_thread(forget_unused_topics, database, in_use, now_ms())
            for admin, topics in logs():
                await asyncio.to_thread(forget_expired_records, database, admin, topics)
        except (KafkaUnreachable, StoreUnavailable) as error:
            log.info("housekeeping postponed", reason=str(error))
        except Exception:
            metrics.loop_failures.labels("housekeeping").inc()
            log.exception("housekeeping failed, trying again later")


def forget_expired_records(database: Database, admin: LogAdmin, topics: frozenset[str]) -> int:
    """Remove rows whose records are before the beginning of the log. Returns how many.

    Raises:
        KafkaUnreachable: no broker answered in time.
        StoreUnavailable: the database failed.
    """
    read: dict[TopicPartition, int] = database.read(all_positions)
    beginnings = admin.beginnings(at for at, position in read.items() if at.topic in topics and position)
    forgotten = sum(forget_before(database, at, beginning) for at, beginning in beginnings.items() if beginning)
    if forgotten:
        log.info("removed rows of records that retention has removed", rows=forgotten)
    return forgotten


def forget_unused_topics(database: Database, in_use: Callable[[str], bool], at_ms: int) -> None:
    """Remove the rows of topics that no pipeline has used for some days.

    Raises:
        StoreUnavailable: the database failed.
    """
    partitions = database.read(all_positions)
    for topic in {at.topic for at in partitions}:
        since = database.write(partial(_unused_since, topic=topic, in_use=in_use(topic), at_ms=at_ms))
        if since is None or at_ms - since < _GRACE_MS:
            continue
        forget_topic(database, topic, [at for at in partitions if at.topic == topic])
        database.write(partial(_unused_since, topic=topic, in_use=True, at_ms=at_ms))
        log.info("removed the rows of a topic that no pipeline uses", topic=topic)


def _unused_since(connection: Connection, *, topic: str, in_use: bool, at_ms: int) -> int | None:
    """Since when a topic has been unused, stored at the first call; None if it is in use."""
    name = about.c.name == _UNUSED + topic
    since = connection.execute(select(about.c.value).where(name)).scalar()
    if in_use:
        if since is not None:
            connection.execute(delete(about).where(name))
        return None
    if since is None:
        connection.execute(insert(about).values(name=_UNUSED + topic, value=str(at_ms)))
        return at_ms
    return int(since)
