"""CloudEvents 1.0 in the binary mode of the Kafka protocol binding: attributes as record headers.

Source: CloudEvents 1.0.2, "Kafka Protocol Binding", section 3.2. Written here rather than taken from the SDK because
it runs for every image, in the worker's loop; the SDK is what the tests compare it with.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

SPEC_VERSION = "1.0"
CONTENT_TYPE = "content-type"
TRACE_HEADERS = ("traceparent", "tracestate")
"""W3C Trace Context, passed on as it came."""

Headers = list[tuple[str, bytes]]
ReadHeaders = Iterable[tuple[str, bytes | None]] | None


@dataclass(frozen=True)
class CloudEvent:
    """The attributes of an event; its data is the record's value.

    Attributes:
        extensions: further attributes, without the `ce_` that their headers start with.
        trace: the W3C Trace Context headers that came with the event.
    """

    id: str
    source: str
    type: str
    time: str
    content_type: str | None = None
    extensions: Mapping[str, str] = field(default_factory=dict)
    trace: Mapping[str, str] = field(default_factory=dict)

    def headers(self) -> Headers:
        """The record headers that carry the event."""
        headers = [
            ("ce_specversion", SPEC_VERSION),
            ("ce_id", self.id),
            ("ce_source", self.source),
            ("ce_type", self.type),
            ("ce_time", self.time),
            *((f"ce_{name}", value) for name, value in self.extensions.items()),
            *self.trace.items(),
        ]
        if self.content_type is not None:
            headers.append((CONTENT_TYPE, self.content_type))
        return [(name, value.encode()) for name, value in headers]


def read_headers(headers: ReadHeaders) -> CloudEvent | None:
    """The event in a record's headers, or None if they hold none. Names are compared without regard to case.

    A header that is no UTF-8 is read with replacement characters: it is somebody else's, and no reason to fail.
    """
    values = {name.lower(): value.decode(errors="replace") for name, value in headers or () if value is not None}
    if "ce_id" not in values:
        return None
    known = {"ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time"}
    return CloudEvent(
        id=values["ce_id"],
        source=values.get("ce_source", ""),
        type=values.get("ce_type", ""),
        time=values.get("ce_time", ""),
        content_type=values.get(CONTENT_TYPE),
        extensions={name[3:]: v for name, v in values.items() if name.startswith("ce_") and name not in known},
        trace={name: values[name] for name in TRACE_HEADERS if name in values},
    )


def timestamp(at: datetime | None = None) -> str:
    """RFC 3339 in UTC with milliseconds: now, or `at`."""
    return (at or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
