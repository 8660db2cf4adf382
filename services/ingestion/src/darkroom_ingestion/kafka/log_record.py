"""A record of the log, and the contents of its topic."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from confluent_kafka import Message

from darkroom.cloudevents import in_binary_mode
from darkroom.kafka.log import TopicPartition
from darkroom.kafka.record_headers import record_headers
from darkroom_ingestion.records.text import storable

Role = Literal["images", "results", "dead-letters"]


@dataclass(frozen=True)
class TopicContents:
    """What a topic contains: the images of a pipeline, or the results or dead letters of one of its stages."""

    pipeline: str
    role: Role
    stage: str | None = None


@dataclass
class LogRecord:
    """A Kafka record. Copied from librdkafka, so that its message can be freed. Never changed.

    Not frozen: that alone would cost as much as the rest of its creation several times.
    """

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    raw_headers: list[tuple[str, bytes]]
    value: bytes

    @classmethod
    def of(cls, message: Message) -> "LogRecord":
        """The record in `message`."""
        (topic, partition), offset = position_of(message)
        received, value = in_binary_mode(record_headers(message), message.value())
        raw = [(name, text) for name, text in received if text is not None]
        return cls(topic, partition, offset, message.timestamp()[1], message.key(), raw, value or b"")

    @cached_property
    def headers(self) -> Mapping[str, str]:
        """The headers as text, by lower-case name."""
        return {name.lower(): _text(value) for name, value in self.raw_headers}

    def header(self, name: str) -> str | None:
        """One header, like `headers.get(name)`. Faster for a single one."""
        for raw_name, value in reversed(self.raw_headers):
            if raw_name.lower() == name:
                return _text(value)
        return None

    @property
    def topic_partition(self) -> TopicPartition:
        """The record's partition."""
        return TopicPartition(self.topic, self.partition)


def _text(value: bytes) -> str:
    return storable(value.decode(errors="replace"))


def position_of(message: Message) -> tuple[TopicPartition, int]:
    """The partition and the offset of a consumed record."""
    topic, partition, offset = message.topic(), message.partition(), message.offset()
    assert topic is not None and partition is not None and offset is not None  # noqa: S101, PT018 - consumed
    return TopicPartition(topic, partition), offset
