"""The oldest image that a stage has yet to read: the record at its committed offset."""

import asyncio
from collections.abc import Iterable

from darkroom.kafka.errors import KafkaUnreachable
from darkroom_ingestion.kafka.record_reader import RecordReader
from darkroom_ingestion.status.facts import StageFacts
from darkroom_ingestion.store.database import Database
from darkroom_ingestion.store.status_rows import received_at

_MOST_READ = 16
"""Records that are read from Kafka for one status, because the store does not have them yet."""
_PATIENCE_S = 2.0

Position = tuple[int, int]
"""Partition and offset."""


def next_positions(stage: StageFacts) -> list[Position]:
    """Where the stage continues in every partition in which images wait."""
    return [(one.partition, one.end - one.lag) for one in stage.partitions if one.lag and one.end is not None]


async def times_of(
    topic: str, positions: Iterable[Position], database: Database, reader: RecordReader
) -> dict[Position, int]:
    """When the images at `positions` were received, in ms; without those that can't be found quickly.

    Raises:
        StoreUnavailable: the store can't be read.
    """
    wanted = set(positions)
    found = await database.reading(lambda connection: received_at(connection, topic, sorted(wanted)))
    missing = sorted(wanted - found.keys())[:_MOST_READ]
    reads = [asyncio.create_task(_time_in_log(reader, topic, position)) for position in missing]
    if reads:
        await asyncio.wait(reads, timeout=_PATIENCE_S)
    for position, read in zip(missing, reads, strict=True):
        if not read.done():
            read.cancel()
        elif (at_ms := read.result()) is not None:
            found[position] = at_ms
    return found


async def _time_in_log(reader: RecordReader, topic: str, position: Position) -> int | None:
    try:
        record = await reader.read(topic, *position)
    except KafkaUnreachable:
        return None
    return None if record is None else record.timestamp_ms
