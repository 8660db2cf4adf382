"""A record of the log, and the contents of its topic."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import msgspec
from confluent_kafka import Message

from darkroom.cloudevents import CONTENT_TYPE, in_binary_mode, is_structured
from darkroom.kafka.log import TopicPartition
from darkroom.kafka.record_headers import record_headers
from darkroom_ingestion.records.text import storable

_JSON = b"application/json"
"""The content type of results."""

Role = Literal["images", "results", "dead-letters"]


@dataclass(frozen=True)
class TopicContents:
    """What a topic contains: the images of a pipeline, or the results or dead letters of one of its stages."""

    pipeline: str
    role: Role
    stage: str | None = None


class LogRecord(msgspec.Struct, dict=True):
    """A Kafka record. Copied from librdkafka, so that its message can be freed. Never changed.

    Neither frozen nor a data class: each would make its creation take longer.

    Attributes:
        raw_headers: as received; of an event in structured mode, as in binary mode.
    """

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    raw_headers: Sequence[tuple[str, bytes | None]]
    value: bytes
    _by_name: Mapping[str, bytes | None] | None = None

    @classmethod
    def of(cls, message: Message) -> "LogRecord":
        """The record in `message`."""
        headers, value = record_headers(message), message.value()
        # Nearly all records have distinct names in lower case, which are checked at once instead of one by one.
        by_name = dict(headers)
        names = "".join(by_name)
        content_type = by_name.get(CONTENT_TYPE)
        flat = content_type == _JSON or not is_structured(content_type)
        usual = flat and len(by_name) == len(headers) and names.islower()
        if not usual:
            headers, value = in_binary_mode(headers, value)
        topic, partition, offset = message.topic(), message.partition(), message.offset()
        assert topic is not None and partition is not None and offset is not None  # noqa: S101, PT018 - consumed
        at_ms, key = message.timestamp()[1], message.key()
        return cls(topic, partition, offset, at_ms, key, headers, value or b"", by_name if usual else None)

    @cached_property
    def headers(self) -> Mapping[str, str]:
        """The headers as text, by lower-case name."""
        return {name: _text(value) for name, value in self._values().items() if value is not None}

    def header(self, name: str) -> str | None:
        """One header, like `headers.get(name)`. Faster for a single one."""
        value = (self._values() if self._by_name is None else self._by_name).get(name)
        return None if value is None else _text(value)

    def _values(self) -> Mapping[str, bytes | None]:
        if self._by_name is None:
            self._by_name = {name.lower(): value for name, value in self.raw_headers if value is not None}
        return self._by_name

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
