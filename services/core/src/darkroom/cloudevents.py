"""CloudEvents 1.0 in the Kafka protocol binding: written in binary mode (attributes as headers), read in both modes.

Source: CloudEvents 1.0.2, "Kafka Protocol Binding", section 3.2. The SDK is too slow for code that runs once per image
in the worker's loop; the tests compare this module with it.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

SPEC_VERSION = "1.0"
CONTENT_TYPE = "content-type"
TRACE_HEADERS = ("traceparent", "tracestate")
"""W3C Trace Context headers, passed on unchanged."""

_SPEC_VERSION = SPEC_VERSION.encode()
_STRUCTURED = b"application/cloudevents+json"
_ATTRIBUTE = re.compile("[a-z0-9]+")

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
        """The event's record headers."""
        return record_headers(
            self.id, self.source, self.type, self.time, self.content_type, extensions=self.extensions, trace=self.trace
        )


def record_headers(
    id_: str,
    source: str,
    type_: str,
    time: str,
    content_type: str | None,
    *,
    extensions: Mapping[str, str] | None = None,
    trace: Mapping[str, str] | None = None,
) -> Headers:
    """The record headers of an event with these attributes."""
    headers = [
        ("ce_specversion", _SPEC_VERSION),
        ("ce_id", id_.encode()),
        ("ce_source", source.encode()),
        ("ce_type", type_.encode()),
        ("ce_time", time.encode()),
    ]
    if extensions:
        headers += [(f"ce_{name}", value.encode()) for name, value in extensions.items()]
    if trace:
        for name, value in trace.items():
            headers.append((name, value.encode()))
    if content_type is not None:
        headers.append((CONTENT_TYPE, content_type.encode()))
    return headers


def read_headers(headers: ReadHeaders) -> CloudEvent | None:
    """The event in a record's headers, or None if there is none. Header names are case-insensitive.

    Headers that are not UTF-8, which other producers may add, are read with replacement characters.
    """
    values = {name.lower(): value.decode(errors="replace") for name, value in headers or () if value is not None}
    take = values.pop
    if (id_ := take("ce_id", None)) is None:
        return None
    take("ce_specversion", None)
    source, type_, time = take("ce_source", ""), take("ce_type", ""), take("ce_time", "")
    content_type = take(CONTENT_TYPE, None)
    # Most events have no more.
    trace = {name: take(name) for name in TRACE_HEADERS if name in values} if values else {}
    extensions = {name[3:]: value for name, value in values.items() if name.startswith("ce_")} if values else {}
    return CloudEvent(id_, source, type_, time, content_type, extensions, trace)


def in_binary_mode(headers: ReadHeaders, value: bytes | None) -> tuple[list[tuple[str, bytes | None]], bytes | None]:
    """Headers and value of a record in binary mode, whichever mode it was written in.

    A record in structured mode (section 3.3: the whole event as JSON) is converted to binary mode. All other records,
    including malformed events, are returned unchanged.
    """
    pairs = list(headers or ())
    for name, text in pairs:
        if text is not None and name.lower() == CONTENT_TYPE:
            break
    else:
        return pairs, value
    if value is None or not is_structured(text):
        return pairs, value
    try:
        event = json.loads(value)
        data = base64.b64decode(event["data_base64"], validate=True)
        attributes = {name: _text(value) for name, value in event.items() if _is_attribute(name, value)}
        attributes["id"]
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error):
        return pairs, value
    kept = [(name, text) for name, text in pairs if name.lower() != CONTENT_TYPE and not name.lower().startswith("ce_")]
    present = {name.lower() for name, _ in kept}
    trace = {name: attributes.pop(name) for name in TRACE_HEADERS if name in attributes}
    binary = {name: text for name, text in trace.items() if name not in present}
    if (data_content_type := attributes.pop("datacontenttype", None)) is not None:
        binary[CONTENT_TYPE] = data_content_type
    binary |= {f"ce_{name}": text for name, text in attributes.items()}
    return [*((name, text.encode(errors="replace")) for name, text in binary.items()), *kept], data


def is_structured(content_type: bytes | None) -> bool:
    """Whether a record of this content type is an event in structured mode."""
    return content_type is not None and content_type.lower().startswith(_STRUCTURED)


def _is_attribute(name: str, value: object) -> bool:
    return name not in {"data", "data_base64"} and bool(_ATTRIBUTE.fullmatch(name)) and isinstance(value, str | int)


def _text(value: str | int) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def timestamp(at: datetime | None = None) -> str:
    """`at`, or the current time, in RFC 3339: UTC with milliseconds."""
    in_utc = datetime.now(UTC) if at is None else at.astimezone(UTC)
    return in_utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")
