"""A record of an images topic, independent of the client library."""

from dataclasses import dataclass, field

from darkroom import names
from darkroom.cloudevents import CloudEvent, read_headers
from darkroom.events import GENERATION_HEADER, TARGET_STAGE_HEADER

RecordHeaders = list[tuple[str, bytes | None]]

_TRACEPARENT_FIELDS = 4


@dataclass(frozen=True)
class ImageRecord:
    """A record of an images topic.

    Attributes:
        timestamp_ms: None where the record has none.
        event: the CloudEvent in the headers; None if there is none.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: RecordHeaders
    timestamp_ms: int | None
    event: CloudEvent | None = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Read the event."""
        object.__setattr__(self, "event", read_headers(self.headers))

    @property
    def image_id(self) -> str:
        """The event's id; without an event, an id made from the record's offset."""
        return self.event.id if self.event else names.image_id_at(self.topic, self.partition, self.offset)

    @property
    def trace_id(self) -> str | None:
        """The trace id in the W3C `traceparent` header; None if there is none."""
        parts = (self.event.trace.get("traceparent", "") if self.event else "").split("-")
        return parts[1] if len(parts) >= _TRACEPARENT_FIELDS else None

    def log_fields(self) -> dict[str, object]:
        """The fields of every log line about the image."""
        fields: dict[str, object] = {
            "image_id": self.image_id,
            "topic": self.topic,
            "partition": self.partition,
            "offset": self.offset,
        }
        return fields if self.trace_id is None else fields | {"trace_id": self.trace_id}

    @property
    def target_stage(self) -> str | None:
        """The only stage that should process the image; None if all stages should."""
        return self._text(TARGET_STAGE_HEADER)

    @property
    def generation(self) -> str | None:
        """The replay in which the image failed before it was redriven."""
        return self._text(GENERATION_HEADER)

    def _text(self, header: str) -> str | None:
        for name, value in self.headers:
            if name == header and value is not None:
                return value.decode(errors="replace")
        return None
