"""From an admitted image to its acknowledgement."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

import structlog

from darkroom.cloudevents import CloudEvent, timestamp
from darkroom.events import RECEIVED
from darkroom_ingestion.catalog.served import ServedPipeline
from darkroom_ingestion.http.problems import HttpProblem, unavailable
from darkroom_ingestion.images.idempotency import Settled
from darkroom_ingestion.images.ids import new_image_id
from darkroom_ingestion.images.state import ReceivedImage
from darkroom_ingestion.kafka.publisher import Ack, NotDelivered, QueueFull, Record
from darkroom_ingestion.services import Services, images_source
from darkroom_ingestion.store.database import StoreUnavailable
from darkroom_ingestion.store.queries import received_images
from darkroom_ingestion.times import now_ms

log = structlog.get_logger("darkroom.ingestion.submission")


@dataclass(frozen=True)
class Upload:
    """An image that may enter."""

    body: bytes
    content_type: str


@dataclass(frozen=True)
class Sender:
    """What came with the images."""

    key: str | None = None
    idempotency_key: str | None = None
    trace: Mapping[str, str] = field(default_factory=dict)


Outcome = ReceivedImage | HttpProblem


async def publish_image(
    services: Services, served: ServedPipeline, image_id: str, upload: Upload, sender: Sender
) -> ReceivedImage:
    """Publish one image; when this returns, every in-sync replica has it.

    Raises:
        HttpProblem: 503 if Kafka is slow or away, or has no room; 413 if the topic doesn't take it.
    """
    at_ms = now_ms()
    event = CloudEvent(
        id=image_id,
        source=images_source(served),
        type=RECEIVED,
        time=timestamp(datetime.fromtimestamp(at_ms / 1000, UTC)),
        content_type=upload.content_type,
        trace=sender.trace,
    )
    key = (sender.key or image_id).encode()
    record = Record(served.plan.images.name, key, upload.body, event.headers(), at_ms)
    ack = await publish(services, served, record)
    image = ReceivedImage(
        pipeline=served.key,
        id=image_id,
        key=sender.key if sender.key != image_id else None,
        received_at_ms=at_ms,
        topic=ack.topic,
        partition=ack.partition,
        offset=ack.offset,
        content_type=upload.content_type,
        bytes=len(upload.body),
    )
    services.recent.add(image)
    services.metrics.images.labels(served.key).inc()
    services.metrics.image_bytes.labels(served.key).inc(len(upload.body))
    return image


async def publish(services: Services, served: ServedPipeline, record: Record) -> Ack:
    """Publish a record to a topic of the pipeline.

    Raises:
        HttpProblem: as for `publish_image`.
    """
    refused = services.metrics.refused.labels
    try:
        return await services.link(served).publisher.publish(record)
    except QueueFull:
        refused(served.key, "queue-full").inc()
        raise unavailable(
            "busy", "Too many images at once", "Kafka is slower than the images come: try again in a moment."
        ) from None
    except NotDelivered as error:
        if error.too_large:
            refused(served.key, "too-large").inc()
            detail = f"The topic {record.topic} takes no record of this size (max.message.bytes)."
            raise HttpProblem(413, "too-large", "Image too large", detail) from None
        refused(served.key, "kafka").inc()
        log.warning("an image was not acknowledged", topic=record.topic, reason=str(error))
        raise unavailable(
            "kafka-unavailable",
            "Kafka is not available",
            f"Kafka did not acknowledge the image ({error}). It may be taken all the same: send it again with the same "
            "Idempotency-Key and it counts once.",
        ) from None


async def submit(
    services: Services, served: ServedPipeline, uploads: Sequence[Upload], image_ids: Sequence[str], sender: Sender
) -> list[Outcome]:
    """Publish images, side by side, under their ids; in their order what became of each."""
    publishing = (_outcome(services, served, i, u, sender) for i, u in zip(image_ids, uploads, strict=True))
    # Tasks start in the order in which they are made, and hand their image to the producer before they first wait:
    # images of one key keep their order.
    return await asyncio.gather(*publishing)


async def submit_once(
    services: Services,
    served: ServedPipeline,
    uploads: Sequence[Upload],
    sender: Sender,
    expect: Callable[[Sequence[str]], None],
) -> list[Outcome]:
    """`submit`, but a request that was answered before has the same answer again.

    `expect` is told the ids of the images before they are published.

    Raises:
        HttpProblem: the idempotency key was used for something else, is under way, or can't be written down.
    """
    new_ids = [new_image_id() for _ in uploads]
    key = sender.idempotency_key
    if key is None:
        expect(new_ids)
        return await submit(services, served, uploads, new_ids, sender)
    print_ = fingerprint(uploads, sender.key)
    async with services.keys.claim(served.key, key, print_, new_ids) as claim:
        if isinstance(claim, Settled):
            services.metrics.idempotent_repeats.inc()
            images = [ReceivedImage(**accepted) for accepted in claim.accepted]
            expect([image.id for image in images])
            return list(images)
        expect(claim.image_ids)
        known = {} if claim.first else await _published_before(services, served, claim.image_ids)
        ids = [image_id for image_id in claim.image_ids if image_id not in known]
        left = [upload for image_id, upload in zip(claim.image_ids, uploads, strict=True) if image_id not in known]
        fresh = dict(zip(ids, await submit(services, served, left, ids, sender), strict=True))
        outcomes = [known.get(image_id) or fresh[image_id] for image_id in claim.image_ids]
        await _write_down(services, served, key, outcomes)
        return outcomes


def fingerprint(uploads: Sequence[Upload], key: str | None) -> str:
    """What tells one request from another: the images and the ordering key."""
    digest = hashlib.sha256(repr(key).encode())
    for upload in uploads:
        digest.update(f"{upload.content_type} {len(upload.body)} ".encode())
        digest.update(upload.body)
    return digest.hexdigest()


async def _outcome(
    services: Services, served: ServedPipeline, image_id: str, upload: Upload, sender: Sender
) -> Outcome:
    try:
        return await publish_image(services, served, image_id, upload, sender)
    except HttpProblem as problem:
        return problem


async def _published_before(
    services: Services, served: ServedPipeline, image_ids: Sequence[str]
) -> dict[str, ReceivedImage]:
    """What an earlier request with the key has published, as far as it is known."""
    stored = await services.database.reading(lambda c: received_images(c, served.key, image_ids))
    recent = {i: image for i in image_ids if (image := services.recent.get(served.key, i))}
    return recent | stored


async def _write_down(services: Services, served: ServedPipeline, key: str, outcomes: list[Outcome]) -> None:
    """Keep the answer, or leave the key for the next request if there is none yet."""
    accepted = [asdict(outcome) for outcome in outcomes if isinstance(outcome, ReceivedImage)]
    try:
        if len(accepted) == len(outcomes):
            await services.keys.settle(served.key, key, accepted)
        else:
            await services.keys.release(served.key, key)
    except StoreUnavailable as error:
        # The images are in the log, so the answer stands; a repeat will find them there.
        log.warning("an idempotency key's answer was not written down", reason=str(error))
