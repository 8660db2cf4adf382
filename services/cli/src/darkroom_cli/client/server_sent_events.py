"""Server-sent events, read from the lines of a stream. Pure.

Source: WHATWG HTML, "Server-sent events", 9.2.6 Interpreting an event stream.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class ServerSentEvent:
    """One event. `id` is the last id in the stream, from which it can be resumed."""

    name: str
    data: str
    id: str | None


def events(lines: Iterable[str]) -> Iterator[ServerSentEvent]:
    """The events in the lines of a stream. Comments, which keep the connection alive, are skipped."""
    name, data, last_id = "", list[str](), None
    for line in lines:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match field:
            case "event":
                name = value
            case "data":
                data.append(value)
            case "id" if "\0" not in value:
                last_id = value
        if not line:
            if data:
                yield ServerSentEvent(name or "message", "\n".join(data), last_id)
            name, data = "", []
