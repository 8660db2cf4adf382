"""An image as it lies in its topic: what the worker needs of a Kafka message, without the client library."""

from dataclasses import dataclass
from functools import cached_property
from typing import cast

from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, Message

from darkroom import names
from darkroom.cloudevents import CloudEvent, read_headers
from darkroom.events import GENERATION_HEADER, TARGET_STAGE_HEADER

RecordHeaders = list[tuple[str, bytes | None]]


@dataclass(frozen=True)
class ImageRecord:
    """A record of an images topic. `timestamp_ms` is None where the record has none."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: RecordHeaders
    timestamp_ms: int | None

    @classmethod
    def of(cls, message: Message) -> "ImageRecord":
        """The record in a message that holds no error."""
        kind, timestamp_ms = message.timestamp()
        return cls(
            topic=cast("str", message.topic()),
            partition=cast("int", message.partition()),
            offset=cast("int", message.offset()),
            key=message.key(),
            value=message.value(),
            headers=cast("RecordHeaders", message.headers() or []),
            timestamp_ms=None if kind == TIMESTAMP_NOT_AVAILABLE else timestamp_ms,
        )

    @property
    def place(self) -> str:
        """Where it lies, for logs: `topic[partition]@offset`."""
        return f"{self.topic}[{self.partition}]@{self.offset}"

    @cached_property
    def event(self) -> CloudEvent | None:
        """The event in its headers, if whoever sent it wrote one."""
        return read_headers(self.headers)

    @property
    def image_id(self) -> str:
        """The event's id, else the record's place in the log."""
        return self.event.id if self.event else names.image_id_at(self.topic, self.partition, self.offset)

    @property
    def target_stage(self) -> str | None:
        """The one stage that the image is meant for; None for all of them."""
        return self._text(TARGET_STAGE_HEADER)

    @property
    def generation(self) -> str | None:
        """The replay that the image belongs to: it failed there, and was put back."""
        return self._text(GENERATION_HEADER)

    def _text(self, header: str) -> str | None:
        for name, value in self.headers:
            if name == header and value is not None:
                return value.decode(errors="replace")
        return None
