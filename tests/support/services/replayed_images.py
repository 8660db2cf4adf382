"""Images for a replay, and the generations of their results."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from confluent_kafka import Message, Producer

from darkroom.cloudevents import CloudEvent
from darkroom.events import RECEIVED
from tests.support.services.stage import TriedStage, headers, image_ids, samples

GOOD = samples()[1]


BROKEN = GOOD[:200]


AN_HOUR_AGO_MS = round(time.time() - 3600) * 1000


def images(count: int, first: int = 0, image: bytes = GOOD) -> list[tuple[str, bytes, bytes]]:
    return [(f"i{n:05}", f"key-{n % 60}".encode(), image) for n in range(first, first + count)]


def ids_of(generation: str | None, messages: list[Message]) -> list[str]:
    """The image ids of the results of `generation`."""
    return [headers(m)["ce_id"].partition(".")[0] for m in messages if generation_of(m) == generation]


def generation_of(message: Message) -> str | None:
    return headers(message).get("darkroom-generation")


def all_of(sent: list[tuple[str, bytes, bytes]]) -> Callable[[list[Message]], bool]:
    wanted = {image_id for image_id, _, _ in sent}
    return lambda found: wanted <= set(image_ids(found))


def as_they_are(_found: list[Message]) -> bool:
    return True


def timed(digits: TriedStage, sent: list[tuple[str, bytes, bytes]], at_ms: int) -> None:
    """Publish images with given timestamps, to partitions in turn."""
    producer = Producer({"bootstrap.servers": digits.settings.kafka.bootstrap_servers})
    for n, (image_id, key, image) in enumerate(sent):
        event = CloudEvent(image_id, "/test", RECEIVED, "2026-01-01T00:00:00Z", "image/png")
        producer.produce(
            digits.settings.images_topic,
            image,
            key,
            partition=n % digits.partitions,
            timestamp=at_ms + n,
            headers=event.headers(),
        )
    assert producer.flush(60) == 0


def rfc3339(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat()
