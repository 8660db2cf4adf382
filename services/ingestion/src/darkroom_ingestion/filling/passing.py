"""Takes passed images instead of records of Kafka, and tells the consumer which partitions to fetch."""

import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final

import confluent_kafka
from confluent_kafka import Consumer

from darkroom.kafka.log import TopicPartition
from darkroom_ingestion.filling.passed_images import PassedImages
from darkroom_ingestion.records.answers import ReceivedImage

_MOST_PACKETS: Final = 100
"""Beyond that, the oldest are dropped: the consumer waits, because the store can't be written."""
_TURN_S: Final = 0.1
_POLL_S: Final = 0.25


class Passing:
    """The images that HTTP processes have passed to a filler. Used from the filler's thread, except `receive`."""

    def __init__(self) -> None:
        self._packets: deque[Sequence[ReceivedImage]] = deque(maxlen=_MOST_PACKETS)
        self._images = PassedImages()
        self._turn_at = 0.0

    @property
    def poll_s(self) -> float:
        """How long the consumer may wait for records."""
        return _TURN_S if self._images.expects_more else _POLL_S

    def receive(self, images: Sequence[ReceivedImage]) -> None:
        """Take images that an HTTP process has passed."""
        self._packets.append(images)

    def forget(self) -> None:
        """Forget everything: partitions have been assigned or revoked, and all are fetched."""
        self._images.forget()

    def is_passed(self, at: TopicPartition) -> bool:
        """Whether the partition is not fetched at the moment."""
        return self._images.is_passed(at)

    def turn(
        self, consumer: Consumer, positions: Mapping[TopicPartition, int]
    ) -> Mapping[TopicPartition, Sequence[ReceivedImage]]:
        """The images that follow `positions`, without gaps. Fetches only the partitions that they do not cover."""
        now_s = time.monotonic()
        while self._packets:
            self._images.add(self._packets.popleft(), now_s)
        if now_s < self._turn_at:
            return {}
        self._turn_at = now_s + _TURN_S
        turn = self._images.turn(positions, now_s)
        if turn.pause:
            # Also discards what the client has fetched beyond the positions.
            consumer.pause([confluent_kafka.TopicPartition(*at) for at in turn.pause])
        for at in turn.fetch:
            images = turn.images.get(at)
            position = images[-1].offset + 1 if images else positions[at]
            # Before it is resumed: it would go on where it was paused.
            consumer.seek(confluent_kafka.TopicPartition(*at, position))
            consumer.resume([confluent_kafka.TopicPartition(*at)])
        return turn.images
