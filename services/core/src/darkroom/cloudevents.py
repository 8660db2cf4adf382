"""CloudEvents 1.0 in the binary mode of the Kafka protocol binding: attributes as record headers.

Source: CloudEvents 1.0.2, "Kafka Protocol Binding", section 3.2. The SDK is too slow for code that runs once per image
in the worker's loop; the tests compare this module with it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

SPEC_VERSION = "1.0"
CONTENT_TYPE = "content-type"
TRACE_HEADERS = ("traceparent", "tracestate")
"""W3C Trace Context headers, passed on unchanged."""

Headers = list[tuple[str, bytes]]
ReadHeaders = Iterable[tuple[str, bytes | None]] | None


@dataclass(frozen=True)
class CloudEvent:
    """The attributes of an event. Its data is the record's value.

    Attributes:
        extensions: extension attributes, named without the header prefix `ce_`.
        trace: the event's W3C Trace Context headers.
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
    """The event in a record's headers, or None if they hold none. Header names are case-insensitive.

    Headers that are not UTF-8 are read with replacement characters: other producers may add such headers.
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
    """`at`, or the current time, in RFC 3339: UTC with milliseconds."""
    return (at or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
