"""Redriving dead letters: publishing their images again for the stage that failed on them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from structlog.contextvars import bind_contextvars

from darkroom import events
from darkroom_ingestion.catalog.served import ServedPipeline
from darkroom_ingestion.images.errors import DeadLetterGone, NotAcknowledged, RedriveInProgress, Refused
from darkroom_ingestion.images.publishing import ImagesTopics
from darkroom_ingestion.images.republishing import republished_headers
from darkroom_ingestion.images.topic_ends import TopicEnds
from darkroom_ingestion.kafka.log_record import LogRecord
from darkroom_ingestion.kafka.publisher import Ack, Record
from darkroom_ingestion.links.links import Links, NotConnected
from darkroom_ingestion.metrics import Metrics
from darkroom_ingestion.store.database import Database
from darkroom_ingestion.store.queries import DeadLetterRow, read_positions
from darkroom_ingestion.store.redrives.claims import Claim, Claimant
from darkroom_ingestion.store.rows import REDRIVE_HEADER
from darkroom_ingestion.times import now_ms

_AT_A_TIME = 16


@dataclass(frozen=True)
class Redriven:
    """The outcome for one dead letter: the image's new position, or the error."""

    letter: DeadLetterRow
    outcome: Ack | Refused | NotConnected
    at_ms: int = 0


@dataclass(frozen=True)
class Redrives:
    """Redrives dead letters of all pipelines. A dead letter is redriven by one request at a time."""

    topics: ImagesTopics
    links: Links
    database: Database
    claimant: Claimant
    ends: TopicEnds
    metrics: Metrics

    async def redrive(self, served: ServedPipeline, letters: Sequence[DeadLetterRow]) -> list[Redriven]:
        """Redrive `letters`, oldest first, so that images of one key keep their order.

        Letters that another request has redriven since they were selected are left out. If the redrive is interrupted,
        the letters redriven so far are marked, and repeating the request continues with the others.

        Raises:
            NotConnected: the pipeline's Kafka can't be used.
            KafkaUnreachable: a dead letter can't be read from the log.
            StoreUnavailable: the store can't be written.
        """
        done: list[Redriven] = []
        oldest_first = sorted(letters, key=lambda letter: letter.cursor)
        for start in range(0, len(oldest_first), _AT_A_TIME):
            done += await self._redrive_group(served, oldest_first[start : start + _AT_A_TIME])
        return done

    async def _redrive_group(self, served: ServedPipeline, letters: Sequence[DeadLetterRow]) -> list[Redriven]:
        claims = await self._claim(served, letters)
        ours = [letter for letter, claim in zip(letters, claims, strict=True) if claim is Claim.OURS]
        done: list[Redriven] = []
        try:
            reader = self.links.of(served).reader
            records = await asyncio.gather(*(reader.read(at.topic, at.partition, at.offset) for at in ours))
            pairs = zip(ours, records, strict=True)
            done = await asyncio.gather(*(self._redrive(served, letter, record) for letter, record in pairs))
        finally:
            await asyncio.shield(self._settle(ours, done))
        busy = RedriveInProgress("Another request is redriving this dead letter: try again in a moment.")
        return done + [
            Redriven(letter, busy)
            for letter, claim in zip(letters, claims, strict=True)
            if claim in {Claim.BUSY, Claim.ABANDONED}
        ]

    async def _claim(self, served: ServedPipeline, letters: Sequence[DeadLetterRow]) -> list[Claim]:
        claims = await self.database.writing(lambda c: self.claimant.claim(c, letters, now_ms(), take_over=False))
        abandoned = [i for i, claim in enumerate(claims) if claim is Claim.ABANDONED]
        # Once the store has read the whole log, it knows whether their images were published.
        if abandoned and await self._has_read_all(served):
            again = [letters[i] for i in abandoned]
            taken = await self.database.writing(lambda c: self.claimant.claim(c, again, now_ms(), take_over=True))
            for i, claim in zip(abandoned, taken, strict=True):
                claims[i] = claim
        return claims

    async def _has_read_all(self, served: ServedPipeline) -> bool:
        topic = served.plan.images.name
        ends = await self.ends.of(served)
        read = await self.database.reading(lambda c: read_positions(c, topic))
        return all(read.get(partition, 0) >= end for partition, end in ends.items())

    async def _redrive(self, served: ServedPipeline, letter: DeadLetterRow, record: LogRecord | None) -> Redriven:
        bind_contextvars(image_id=letter.image_id)  # for this task only
        if record is None:
            why = f"The dead letter of image {letter.image_id} is no longer in {letter.topic}."
            return Redriven(letter, DeadLetterGone(why))
        key = record.key if record.key is not None else letter.image_id.encode()
        at_ms = now_ms()
        added = {
            events.TARGET_STAGE_HEADER: letter.stage,
            REDRIVE_HEADER: f"{letter.topic}/{letter.partition}/{letter.offset}",
        }
        headers = republished_headers(record, letter.image_id, added)
        image = Record(served.plan.images.name, key, record.value, headers, at_ms)
        try:
            ack = await self.topics.publish(served, image)
        except (Refused, NotConnected) as refusal:
            return Redriven(letter, refusal)
        self.metrics.redriven.labels(served.key).inc()
        return Redriven(letter, ack, at_ms)

    async def _settle(self, claimed: Sequence[DeadLetterRow], done: Sequence[Redriven]) -> None:
        """Mark the redriven letters in the store. Headers in the log have the same information for a rebuilt store.

        If Kafka did not acknowledge an image, its claim is kept until it is abandoned: the image may be in the log.
        """
        redriven = [(item.letter, item.at_ms) for item in done if isinstance(item.outcome, Ack)]
        uncertain = [item.letter for item in done if isinstance(item.outcome, NotAcknowledged)]
        settled = [letter for letter, _ in redriven]
        given_up = [letter for letter in claimed if letter not in settled and letter not in uncertain]
        await self.database.writing(lambda c: self.claimant.settle(c, redriven, given_up))
