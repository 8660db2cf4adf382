"""What the store forgets: what retention has removed from the log, and old idempotency keys."""

import asyncio
from collections.abc import Callable

import structlog

from darkroom_ingestion.images.idempotency import forget_old_keys
from darkroom_ingestion.kafka.log_admin import KafkaAway, LogAdmin, Place
from darkroom_ingestion.metrics import Metrics
from darkroom_ingestion.store.database import Database, StoreUnavailable
from darkroom_ingestion.store.queries import all_positions
from darkroom_ingestion.store.writes import forget_before

_EVERY_S = 300.0

log = structlog.get_logger("darkroom.ingestion.housekeeping")


async def keep_house(
    database: Database, logs: Callable[[], list[tuple[LogAdmin, frozenset[str]]]], metrics: Metrics
) -> None:
    """Forget now and then, until cancelled. `logs` tells each Kafka and the topics that are read from it."""
    while True:
        await asyncio.sleep(_EVERY_S)
        try:
            await asyncio.to_thread(forget_old_keys, database)
            for admin, topics in logs():
                await asyncio.to_thread(forget_what_kafka_forgot, database, admin, topics)
        except (KafkaAway, StoreUnavailable) as error:
            log.info("housekeeping put off", reason=str(error))
        except Exception:
            metrics.loop_failures.labels("housekeeping").inc()
            log.exception("housekeeping failed, trying again later")


def forget_what_kafka_forgot(database: Database, admin: LogAdmin, topics: frozenset[str]) -> int:
    """Remove rows whose records are before the beginning of the log; answers how many.

    Raises:
        KafkaAway: no broker answered in time.
        StoreUnavailable: the database failed.
    """
    read: dict[Place, int] = database.read(all_positions)
    beginnings = admin.beginnings(place for place, position in read.items() if place[0] in topics and position)
    forgotten = sum(forget_before(database, place, beginning) for place, beginning in beginnings.items() if beginning)
    if forgotten:
        log.info("forgot what retention has removed", rows=forgotten)
    return forgotten
