"""A consumer limited to the ranges and the rate of a replay."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from darkroom_inference.bounded.rate import TokenReader
from darkroom_inference.loop.assignment import Assignment

_END_OF_LOG: Final = KafkaError._PARTITION_EOF  # noqa: SLF001 - the constant has no other name


@dataclass
class BoundedSource:
    """A consumer that returns images at a limited rate and stops at the end of each partition's range.

    While an image waits for its token, nothing is polled, so that no rebalance can revoke the image's partition.

    Attributes:
        reached: partitions whose range has been returned completely.
    """

    consumer: Consumer
    topic: str
    ends: Mapping[int, int]
    assignment: Assignment
    tokens: TokenReader | None
    reached: set[int] = field(default_factory=set)
    _held: Message | None = None

    def poll(self, timeout: float) -> Message | None:
        """The next image or error; None if there is none yet, or no token for it."""
        if self._held is None:
            message = self._next(timeout)
            if message is None or message.error() is not None:
                return message
            self._held = message
        if self.tokens is not None and not self.tokens.take(timeout):
            return None
        message, self._held = self._held, None
        return message

    def consume(self, num_messages: int, timeout: float) -> list[Message]:  # noqa: ARG002 - one token at a time
        """The next image or error, if there is one."""
        message = self.poll(timeout)
        return [] if message is None else [message]

    def seek(self, position: TopicPartition) -> None:
        """Read a partition again from `position` on.

        Raises:
            KafkaException: the client refuses it.
        """
        if self._held is not None and self._held.partition() == position.partition:
            self._held = None
        if position.partition in self.reached:
            self._take_up({position.partition})
        self.consumer.seek(position)

    def _next(self, timeout: float) -> Message | None:
        message = self.consumer.poll(timeout)
        # A partition that is reassigned is read again from its committed offset.
        self._take_up(self.reached & self.assignment.touched)
        if message is None:
            return None
        error, partition, offset = message.error(), message.partition(), message.offset()
        if error is not None and error.code() != _END_OF_LOG:
            return message
        if partition is None or offset is None or offset < self.ends.get(partition, 0):
            return None if error is not None else message
        self.reached.add(partition)
        # Records after the range belong to live work: do not fetch them.
        with suppress(KafkaException):
            self.consumer.pause([TopicPartition(self.topic, partition)])
        return None

    def _take_up(self, partitions: set[int]) -> None:
        self.reached -= partitions
        mine = partitions & self.assignment.partitions.keys()
        if mine:
            with suppress(KafkaException):
                self.consumer.resume([TopicPartition(self.topic, partition) for partition in sorted(mine)])
