"""Redriving dead letters: publishing their images again, for the stage that failed on them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection
from structlog.contextvars import bind_contextvars

from darkroom import events
from darkroom.cloudevents import Headers, timestamp
from darkroom_ingestion.catalog.served import ServedPipeline
from darkroom_ingestion.images.errors import DeadLetterGone, Refused
from darkroom_ingestion.images.publishing import ImagesTopics
from darkroom_ingestion.kafka.log_record import LogRecord
from darkroom_ingestion.kafka.publisher import Ack, Record
from darkroom_ingestion.links.links import Links, NotConnected
from darkroom_ingestion.metrics import Metrics
from darkroom_ingestion.store.database import Database
from darkroom_ingestion.store.queries import DeadLetterRow
from darkroom_ingestion.store.rows import REDRIVE_HEADER
from darkroom_ingestion.store.tables import redrives
from darkroom_ingestion.times import now_ms

_AT_A_TIME = 16


@dataclass(frozen=True)
class Redriven:
    """The outcome for one dead letter: where its image is again, or why it is not."""

    letter: DeadLetterRow
    outcome: Ack | Refused | NotConnected


@dataclass(frozen=True)
class Redrives:
    """Redrives dead letters of all pipelines."""

    topics: ImagesTopics
    links: Links
    database: Database
    metrics: Metrics

    async def redrive(self, served: ServedPipeline, letters: Sequence[DeadLetterRow]) -> list[Redriven]:
        """Redrive `letters`, oldest first, so that images of one key keep their order.

        Raises:
            NotConnected: the pipeline's Kafka can't be used.
            KafkaUnreachable: a dead letter can't be read from the log.
            StoreUnavailable: the store can't be written.
        """
        done: list[Redriven] = []
        oldest_first = sorted(letters, key=lambda letter: letter.cursor)
        reader = self.links.of(served).reader
        for start in range(0, len(oldest_first), _AT_A_TIME):
            group = oldest_first[start : start + _AT_A_TIME]
            records = await asyncio.gather(*(reader.read(at.topic, at.partition, at.offset) for at in group))
            pairs = zip(group, records, strict=True)
            done += await asyncio.gather(*(self._redrive(served, letter, record) for letter, record in pairs))
        await self._mark([each.letter for each in done if isinstance(each.outcome, Ack)])
        return done

    async def _redrive(self, served: ServedPipeline, letter: DeadLetterRow, record: LogRecord | None) -> Redriven:
        bind_contextvars(image_id=letter.image_id)  # of this task alone
        if record is None:
            why = f"The dead letter of image {letter.image_id} is no longer in {letter.topic}."
            return Redriven(letter, DeadLetterGone(why))
        key = record.key if record.key is not None else letter.image_id.encode()
        image = Record(served.plan.images.name, key, record.value, redrive_headers(record, letter), now_ms())
        try:
            ack = await self.topics.publish(served, image)
        except (Refused, NotConnected) as refusal:
            return Redriven(letter, refusal)
        self.metrics.redriven.labels(served.key).inc()
        return Redriven(letter, ack)

    async def _mark(self, letters: Sequence[DeadLetterRow]) -> None:
        """Mark them in the store at once. The log says it too, so a store that is rebuilt will have the marks."""
        at_ms = now_ms()
        rows: list[dict[str, Any]] = [
            {"topic": x.topic, "partition": x.partition, "offset": x.offset, "replayed_at_ms": at_ms} for x in letters
        ]

        def work(connection: Connection) -> None:
            self.database.insert_new(connection, redrives, rows)

        await self.database.writing(work)


def redrive_headers(record: LogRecord, letter: DeadLetterRow) -> Headers:
    """The headers of the image as it was received, with the stage that is to analyse it again."""
    ours = {events.TARGET_STAGE_HEADER, REDRIVE_HEADER, "ce_type", "ce_id", "ce_specversion"}
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
        REDRIVE_HEADER: f"{letter.topic}/{letter.partition}/{letter.offset}",
    }
    if "ce_time" not in record.headers:
        added["ce_time"] = timestamp()
    return [*((name, value.encode()) for name, value in added.items()), *kept]
