"""Removal of expired rows: records that retention has removed from the log, and old idempotency keys."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog

from darkroom.kafka.errors import KafkaUnreachable
from darkroom_ingestion.kafka.log_admin import LogAdmin
from darkroom_ingestion.metrics import Metrics
from darkroom_ingestion.store.database import Database, StoreUnavailable
from darkroom_ingestion.store.idempotency_rows import forget_old_keys
from darkroom_ingestion.store.queries import all_positions
from darkroom_ingestion.store.writes import forget_before

if TYPE_CHECKING:
    from darkroom.kafka.log import TopicPartition

_EVERY_S = 300.0

log = structlog.get_logger("darkroom.ingestion.housekeeping")


async def run_housekeeping(
    database: Database, logs: Callable[[], list[tuple[LogAdmin, frozenset[str]]]], metrics: Metrics
) -> None:
    """Remove expired rows every few minutes, until cancelled. `logs` returns each Kafka and the topics read from it."""
    while True:
        await asyncio.sleep(_EVERY_S)
        try:
            await asyncio.to_thread(forget_old_keys, database)
            for admin, topics in logs():
                await asyncio.to_thread(forget_expired_records, database, admin, topics)
        except (KafkaUnreachable, StoreUnavailable) as error:
            log.info("housekeeping postponed", reason=str(error))
        except Exception:
            metrics.loop_failures.labels("housekeeping").inc()
            log.exception("housekeeping failed, trying again later")


def forget_expired_records(database: Database, admin: LogAdmin, topics: frozenset[str]) -> int:
    """Remove rows whose records are before the beginning of the log; returns how many.

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
