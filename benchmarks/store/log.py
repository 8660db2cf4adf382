"""Records as the service and workers publish them: images, the results of two stages, and dead letters."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from confluent_kafka import Message

from darkroom import events, names
from darkroom.cloudevents import CloudEvent, Headers
from darkroom.kafka.log import TopicPartition
from darkroom_ingestion.kafka.log_record import LogRecord, TopicContents
from darkroom_ingestion.store.database import Database
from darkroom_ingestion.store.writing.writes import Batch, positions_at_assignment

NAMESPACE, NAME = "bench", "digits"
PIPELINE = f"{NAMESPACE}/{NAME}"
STAGES = ("classify", "detect")
"""Four of five results are of the first stage and have one label; those of the second have three."""

REASONS = ("DecodeError", "OutOfMemory")
"""Of dead letters: the second is that of one among a thousand."""

RARE_LABEL = "rare"
"""The label of one result among 10,000."""

LABELS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
BATCH = 1_000
"""Records that the filler writes in one transaction if it has many to read."""

KEYS = 100
"""Images have one of so many keys."""

_PARTITIONS = 12
_START_MS = 1_790_000_000_000
_APART_MS = 600
"""From one result to the next: a million are of one week, the default retention."""

_FAILED = 50_000_000
"""The number of the first image that failed. These have no results."""

_MODEL = {"name": "digits.onnx", "sha256": "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"}
# Not the topics of the pipeline in the benchmark's Kafka: those have other ids, so the service would empty its store.
_TOPICS = {stage: f"former.{names.results_topic(NAMESPACE, NAME, stage)}" for stage in STAGES}
_IMAGES_TOPIC = f"former.{names.images_topic(NAMESPACE, NAME)}"
_LETTERS_TOPIC = f"former.{names.dead_letters_topic(NAMESPACE, NAME, STAGES[0])}"
_CONTENTS = {_TOPICS[stage]: TopicContents(PIPELINE, "results", stage) for stage in STAGES}
_CONTENTS[_IMAGES_TOPIC] = TopicContents(PIPELINE, "images", None)
_CONTENTS[_LETTERS_TOPIC] = TopicContents(PIPELINE, "dead-letters", STAGES[0])


def at_ms(number: int) -> int:
    """The time of a result, or of its image."""
    return _START_MS + number % _FAILED * _APART_MS


def image_id(number: int) -> str:
    """The image of a result, received up to half a second before. As the service makes them, ids end at random."""
    time = at_ms(number) - 20 - number * 7919 % 480
    random = number * 2654435761 & 0xFFFFFFFFFFFF
    return f"{time >> 16:08x}-{time & 0xFFFF:04x}-7{number & 0xFFF:03x}-9d0e-{random:012x}"


def failed_image(number: int) -> int:
    """The number of the image of a dead letter: ten results come between two of them."""
    return _FAILED + 10 * number


def dead_letter_position(number: int) -> tuple[int, str, int, int]:
    """The time and the position of a dead letter."""
    return at_ms(failed_image(number)), _LETTERS_TOPIC, number % _PARTITIONS, number // _PARTITIONS


@dataclass(frozen=True)
class Results:
    """The results in the log.

    Attributes:
        replay_from: the number of the first result that belongs to a replay of the first images.
    """

    replay_from: int

    def event_id(self, number: int) -> str:
        """The CloudEvents id of a result."""
        image, generation = self._image(number)
        return names.result_id(image_id(image), _stage(image), generation)

    def value_and_headers(self, number: int) -> tuple[bytes, Headers]:
        """The value and the headers of a result's record."""
        image, generation = self._image(number)
        stage = _stage(image)
        labels = [LABELS[(number + place) % len(LABELS)] for place in range(5 if stage == STAGES[0] else 3)]
        if number % 10_000 == 0:
            labels[0] = RARE_LABEL
        found = [{"label": label, "index": 1, "score": 0.912345 / place} for place, label in enumerate(labels, 1)]
        if stage == STAGES[1]:
            found = [{**one, "box": {"x": 1.5, "y": 22.25, "width": 103.5, "height": 71.0}} for one in found]
        data = {
            "imageId": image_id(image),
            "stage": stage,
            "model": _MODEL,
            "image": {"width": 640, "height": 480, "format": "jpeg"},
            "outputType": "Classification" if stage == STAGES[0] else "Detection",
            "predictions": found,
            "timings": {"decodeMs": 1.234, "preprocessMs": 0.456, "inferenceMs": 5.678},
            "source": {"topic": "bench.digits.images", "partition": number % _PARTITIONS, "offset": number},
            **({"generation": generation} if generation else {}),
        }
        source, time = names.stage_source(NAMESPACE, NAME, stage), "2026-11-26T08:00:00.000Z"
        event = CloudEvent(self.event_id(number), source, events.ANALYZED, time, "application/json")
        return json.dumps(data).encode(), event.headers()

    def messages(self, start: int, count: int) -> list[Message]:
        """Consumed records."""
        made = []
        for number in range(start, start + count):
            value, headers = self.value_and_headers(number)
            topic, at = _TOPICS[_stage(self._image(number)[0])], (number % _PARTITIONS, number // _PARTITIONS)
            made.append(Message(topic, *at, b"key", value, headers, timestamp=(1, at_ms(number))))
        return made

    def _image(self, number: int) -> tuple[int, str | None]:
        return (number - self.replay_from, "again") if number >= self.replay_from else (number, None)


def images(numbers: Iterable[int]) -> list[Message]:
    """Consumed records of images, without their bytes."""
    made = []
    for offset, number in enumerate(numbers):
        headers = [("ce_id", image_id(number).encode()), ("content-type", b"image/jpeg")]
        at, key = (number % _PARTITIONS, offset), f"camera-{number % KEYS}".encode()
        made.append(Message(_IMAGES_TOPIC, *at, key, b"image", headers, timestamp=(1, at_ms(number))))
    return made


def dead_letters(start: int, count: int) -> list[Message]:
    """Consumed records of dead letters."""
    made = []
    for number in range(start, start + count):
        of = events.FailureHeaders
        reason = REASONS[number % 1_000 == 0]
        headers = [
            ("ce_id", image_id(failed_image(number)).encode()),
            (of.REASON, reason.encode()),
            (of.ATTEMPTS, b"1"),
        ]
        timestamp, topic, partition, offset = dead_letter_position(number)
        made.append(Message(topic, partition, offset, b"key", b"image", headers, timestamp=(1, timestamp)))
    return made


class Batches:
    """Makes batches of consumed records, as the filler does."""

    def __init__(self) -> None:
        self._next: dict[TopicPartition, int] = {}

    def of(self, messages: list[Message]) -> Iterator[Batch]:
        """The batches that the filler makes of `messages` if it has many to read."""
        for start in range(0, len(messages), BATCH):
            batch = Batch()
            for message in messages[start : start + BATCH]:
                record = LogRecord.of(message)
                batch.rows.add_record(_CONTENTS[record.topic], record)
                batch.records += 1
                at, end = record.topic_partition, record.offset + 1
                batch.move(at, self._next.get(at, 0), end)
                self._next[at] = end
            yield batch


def assign(database: Database) -> None:
    """Assign all partitions, as the filler does at its start."""
    partitions = [TopicPartition(topic, partition) for topic in _CONTENTS for partition in range(_PARTITIONS)]
    positions_at_assignment(database, {}, partitions)


def _stage(number: int) -> str:
    return STAGES[number % 5 == 4]  # noqa: PLR2004
