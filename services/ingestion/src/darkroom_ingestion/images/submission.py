"""Publishing admitted images, with idempotency keys."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import structlog
from structlog.contextvars import bind_contextvars

from darkroom.cloudevents import record_headers
from darkroom.errors import DarkroomError
from darkroom.events import RECEIVED
from darkroom.tracing.context import TRACEPARENT, SpanContext
from darkroom.tracing.spans import Tracing
from darkroom_ingestion.catalog.served import ServedPipeline
from darkroom_ingestion.filling.image_channel import ImageSender
from darkroom_ingestion.images.errors import Refused
from darkroom_ingestion.images.idempotency import IdempotencyKeys, KeyOfCaller, Settled
from darkroom_ingestion.images.ids import new_image_id
from darkroom_ingestion.images.publish_span import PublishSpan
from darkroom_ingestion.images.publishing import ImagesTopics
from darkroom_ingestion.images.recent import RecentImages
from darkroom_ingestion.kafka.publisher import Ack, Record
from darkroom_ingestion.links.links import NotConnected
from darkroom_ingestion.metrics import Metrics
from darkroom_ingestion.records.answers import ReceivedImage
from darkroom_ingestion.store.database import Database, StoreUnavailable
from darkroom_ingestion.store.queries import received_images
from darkroom_ingestion.times import now_ms, rfc3339

log = structlog.get_logger("darkroom.ingestion.submission")


class Upload(NamedTuple):
    """An admitted image."""

    body: bytes
    content_type: str


class Sender(NamedTuple):
    """The parameters that the client sent with the images.

    `span` is that of its request, if it is sampled. Otherwise, if tracing is on, `passed_on` is a `traceparent` that
    says so.
    """

    key: str | None = None
    idempotency_key: KeyOfCaller | None = None
    trace: Mapping[str, str] = MappingProxyType({})
    span: SpanContext | None = None
    passed_on: bytes | None = None


Outcome = ReceivedImage | Refused | NotConnected


@dataclass(frozen=True)
class Submissions:
    """Publishes images. A request with an idempotency key is performed once."""

    topics: ImagesTopics
    database: Database
    keys: IdempotencyKeys
    recent: RecentImages
    passed: ImageSender
    metrics: Metrics
    tracing: Tracing | None = None

    async def submit(
        self,
        served: ServedPipeline,
        uploads: Sequence[Upload],
        sender: Sender,
        expect: Callable[[Sequence[str]], None],
    ) -> list[Outcome]:
        """Publish images. Returns their outcomes, in order.

        A request with the idempotency key of an earlier one gets its response. `expect` is called with the ids of the
        images before they are published.

        Raises:
            KeyReused: the idempotency key was used for another request.
            KeyInUse: a request with the idempotency key is still in progress.
            StoreUnavailable: the idempotency key can't be stored.
        """
        new_ids = [new_image_id() for _ in uploads]
        key = sender.idempotency_key
        if key is None:
            expect(new_ids)
            return await self._publish_all(served, uploads, new_ids, sender)
        print_ = fingerprint(uploads, sender.key)
        async with self.keys.claim(key, print_, new_ids) as claim:
            if isinstance(claim, Settled):
                self.metrics.idempotent_repeats.inc()
                images = [ReceivedImage(**accepted) for accepted in claim.accepted]
                expect([image.id for image in images])
                return list(images)
            expect(claim.image_ids)
            known = {} if claim.first else await self._published_before(served, claim.image_ids)
            ids = [image_id for image_id in claim.image_ids if image_id not in known]
            left = [upload for image_id, upload in zip(claim.image_ids, uploads, strict=True) if image_id not in known]
            fresh = dict(zip(ids, await self._publish_all(served, left, ids, sender), strict=True))
            outcomes = [known.get(image_id) or fresh[image_id] for image_id in claim.image_ids]
            await self._write_down(key, outcomes)
            return outcomes

    async def _publish_all(
        self, served: ServedPipeline, uploads: Sequence[Upload], image_ids: Sequence[str], sender: Sender
    ) -> list[Outcome]:
        publishing = (self._outcome(served, i, u, sender) for i, u in zip(image_ids, uploads, strict=True))
        # Tasks start in the order of their creation and pass their image to the producer before their first await, so
        # images of one key keep their order.
        return await asyncio.gather(*publishing)

    async def _outcome(self, served: ServedPipeline, image_id: str, upload: Upload, sender: Sender) -> Outcome:
        bind_contextvars(image_id=image_id)  # for this task only
        try:
            return await self.publish(served, image_id, upload, sender)
        except (Refused, NotConnected) as refusal:
            return refusal

    async def publish(self, served: ServedPipeline, image_id: str, upload: Upload, sender: Sender) -> ReceivedImage:
        """Publish one image, without its idempotency key.

        Raises:
            Refused: Kafka did not acknowledge the image.
            NotConnected: the pipeline's Kafka can't be used.
        """
        publication = self.publication(served, image_id, upload, sender)
        try:
            ack = await self.topics.publish(served, publication.record)
        except DarkroomError as error:
            publication.failed(error)
            raise
        return publication.acknowledged(ack)

    def publication(self, served: ServedPipeline, image_id: str, upload: Upload, sender: Sender) -> "Publication":
        """The publication of one image, for those who publish its record themselves."""
        span = None if sender.span is None or self.tracing is None else PublishSpan(self.tracing, sender.span)
        return Publication(self, served, image_id, upload, sender, span)

    async def _published_before(self, served: ServedPipeline, image_ids: Sequence[str]) -> dict[str, ReceivedImage]:
        """The images that an earlier request with the key is known to have published."""
        stored = await self.database.reading(lambda c: received_images(c, served.key, image_ids))
        recent = {i: image for i in image_ids if (image := self.recent.get(served.key, i))}
        return recent | stored

    async def _write_down(self, key: KeyOfCaller, outcomes: list[Outcome]) -> None:
        """Store the response; without one, release the key for the next request."""
        accepted = [outcome._asdict() for outcome in outcomes if isinstance(outcome, ReceivedImage)]
        try:
            if len(accepted) == len(outcomes):
                await self.keys.settle(key, accepted)
            else:
                await self.keys.release(key)
        except StoreUnavailable as error:
            # The images are in the log, where a repeated request will find them.
            log.warning("the response for an idempotency key was not stored", reason=str(error))


class Publication:
    """The publication of one image in progress.

    Attributes:
        record: the record to publish.
    """

    __slots__ = ("_content_type", "_id", "_key", "_served", "_span", "_submissions", "record")

    def __init__(
        self,
        submissions: Submissions,
        served: ServedPipeline,
        image_id: str,
        upload: Upload,
        sender: Sender,
        span: PublishSpan | None,
    ) -> None:
        self._submissions, self._served, self._id, self._span = submissions, served, image_id, span
        self._key, self._content_type = sender.key, upload.content_type
        at_ms, trace = now_ms(), sender.trace if span is None else span.headers(sender.trace)
        headers = record_headers(image_id, served.source, RECEIVED, rfc3339(at_ms), upload.content_type, trace=trace)
        if sender.passed_on is not None:
            headers.append((TRACEPARENT, sender.passed_on))
        self.record = Record(served.plan.images.name, (sender.key or image_id).encode(), upload.body, headers, at_ms)

    def acknowledged(self, ack: Ack) -> ReceivedImage:
        """Kafka has the record. Returns the image, which can be found from now on."""
        size = len(self.record.value)
        if self._span is not None:
            self._span.acknowledged(self._id, self._served.source, size, ack)
        image = ReceivedImage(
            self._served.key,
            self._id,
            self._key if self._key != self._id else None,
            self.record.timestamp_ms,
            ack.topic,
            ack.partition,
            ack.offset,
            self._content_type,
            size,
        )
        self._submissions.recent.add(image)
        self._submissions.passed.add(ack.bootstrap_servers, image)
        self._submissions.metrics.image_was_accepted(self._served.key, size)
        return image

    def failed(self, error: DarkroomError) -> None:
        """Kafka did not acknowledge the record."""
        if self._span is not None:
            self._span.failed(self._id, self._served.source, len(self.record.value), self.record.topic, error)


def fingerprint(uploads: Sequence[Upload], key: str | None) -> str:
    """A hash of the images and the ordering key, which distinguishes requests."""
    digest = hashlib.sha256(repr(key).encode())
    for upload in uploads:
        digest.update(f"{upload.content_type} {len(upload.body)} ".encode())
        digest.update(upload.body)
    return digest.hexdigest()
