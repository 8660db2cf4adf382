"""Queries for the status of a pipeline: dead letters by reason, the last errors, and when images were received."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, and_, func, select

from darkroom_ingestion.store.tables import dead_letters, images, redrives


@dataclass(frozen=True)
class LastError:
    """A dead letter. `failed_at` is its header, as the stage wrote it; `at_ms` is the time of its record."""

    failed_at: str | None
    at_ms: int
    image_id: str
    reason: str
    message: str


def dead_letters_by_reason(connection: Connection, pipeline: str, stage: str) -> dict[str, int]:
    """The number of dead letters that have not been redriven, most frequent reason first.

    Counts entries of an index, and looks only those up that have been redriven.
    """
    counted = (
        select(dead_letters.c.reason, func.count())
        .where(dead_letters.c.pipeline == pipeline, dead_letters.c.stage == stage)
        .group_by(dead_letters.c.reason)
    )
    counts: dict[str, int] = dict(connection.execute(counted).all())
    if counts:
        same = and_(*(dead_letters.c[name] == redrives.c[name] for name in ("topic", "partition", "offset")))
        redriven = counted.select_from(redrives.join(dead_letters, same))
        for reason, count in connection.execute(redriven):
            counts[reason] -= count
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return {reason: count for reason, count in ordered if count}


def last_errors(connection: Connection, pipeline: str, stage: str, limit: int) -> list[LastError]:
    """The newest dead letters, newest first."""
    d = dead_letters.c
    query = (
        select(d.failed_at, d.at_ms, d.image_id, d.reason, d.message)
        .where(d.pipeline == pipeline, d.stage == stage)
        .order_by(d.at_ms.desc(), d.topic.desc(), d.partition.desc(), d.offset.desc())
        .limit(limit)
    )
    return [LastError(*row) for row in connection.execute(query)]


def received_at(connection: Connection, topic: str, positions: Iterable[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """When the images at `positions` (partition, offset) were received, in ms; without those not in the store."""
    found = {}
    for partition, offset in positions:
        query = select(images.c.received_at_ms).where(
            images.c.topic == topic, images.c.partition == partition, images.c.offset == offset
        )
        if (at_ms := connection.execute(query).scalar()) is not None:
            found[partition, offset] = at_ms
    return found
