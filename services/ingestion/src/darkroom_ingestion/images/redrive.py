"""Putting dead letters back: the images go to the images topic again, for the stage that failed alone."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from darkroom import events
from darkroom.cloudevents import Headers, timestamp
from darkroom_ingestion.catalog.served import ServedPipeline
from darkroom_ingestion.http.problems import HttpProblem, gone
from darkroom_ingestion.images.submission import publish
from darkroom_ingestion.kafka.publisher import Ack, Record
from darkroom_ingestion.services import Services
from darkroom_ingestion.store.queries import DeadLetterRow
from darkroom_ingestion.store.rows import REPLAY_HEADER, LogRecord
from darkroom_ingestion.store.tables import replays
from darkroom_ingestion.times import now_ms

_AT_A_TIME = 16


@dataclass(frozen=True)
class Replay:
    """What became of one dead letter that was to be put back."""

    letter: DeadLetterRow
    outcome: Ack | HttpProblem


async def replay(services: Services, served: ServedPipeline, letters: Sequence[DeadLetterRow]) -> list[Replay]:
    """Put `letters` back, oldest first, so that images of one key keep their order."""
    done: list[Replay] = []
    oldest_first = sorted(letters, key=lambda letter: letter.cursor)
    for start in range(0, len(oldest_first), _AT_A_TIME):
        group = oldest_first[start : start + _AT_A_TIME]
        read = await asyncio.gather(*(read_letter(services, served, letter) for letter in group))
        done += await asyncio.gather(*(_put_back(services, served, *pair) for pair in zip(group, read, strict=True)))
    await _mark(services, [each.letter for each in done if isinstance(each.outcome, Ack)])
    return done


async def read_letter(services: Services, served: ServedPipeline, letter: DeadLetterRow) -> LogRecord | None:
    """The dead letter itself, from the log."""
    return await services.link(served).reader.read(letter.topic, letter.partition, letter.offset)


def headers_of_replay(record: LogRecord, letter: DeadLetterRow) -> Headers:
    """The headers of the image as it came, and for whom it comes again."""
    ours = {events.TARGET_STAGE_HEADER, REPLAY_HEADER, "ce_type", "ce_id", "ce_specversion"}
    kept = [
        (name, value)
        for name, value in record.raw_headers
        if not name.lower().startswith("darkroom-error-") and name.lower() not in ours
    ]
    added = {
        "ce_specversion": "1.0",
        "ce_id": letter.image_id,
        "ce_type": events.RECEIVED,
        events.TARGET_STAGE_HEADER: letter.stage,
        REPLAY_HEADER: f"{letter.topic}/{letter.partition}/{letter.offset}",
    }
    if "ce_time" not in record.headers:
        added["ce_time"] = timestamp()
    return [*((name, value.encode()) for name, value in added.items()), *kept]


async def _put_back(
    services: Services, served: ServedPipeline, letter: DeadLetterRow, record: LogRecord | None
) -> Replay:
    if record is None:
        return Replay(letter, gone(f"The dead letter of image {letter.image_id} is no longer in {letter.topic}."))
    key = record.key if record.key is not None else letter.image_id.encode()
    image = Record(served.plan.images.name, key, record.value, headers_of_replay(record, letter), now_ms())
    try:
        ack = await publish(services, served, image)
    except HttpProblem as problem:
        return Replay(letter, problem)
    services.metrics.replayed.labels(served.key).inc()
    return Replay(letter, ack)


async def _mark(services: Services, letters: Sequence[DeadLetterRow]) -> None:
    """Say so in the store at once; the log says it too, so a store that is rebuilt knows it as well."""
    at_ms = now_ms()
    rows: list[dict[str, Any]] = [
        {"topic": x.topic, "partition": x.partition, "offset": x.offset, "replayed_at_ms": at_ms} for x in letters
    ]

    def work(connection: Connection) -> None:
        services.database.insert_new(connection, replays, rows)

    await services.database.writing(work)
