"""The ids of a stream of several pipelines: the last event of each that the client has been told of."""

import re
from collections.abc import Iterable, Mapping

from darkroom_ingestion.feed.hub import Hub

MAX_LENGTH = 32 * 1024
_PIECE = re.compile(r"([a-z0-9.-]{1,253}/[a-z0-9.-]{1,253})=([0-9a-f]{8})\.([0-9]{1,18})")


def encode(positions: Iterable[tuple[str, Hub, int]]) -> str:
    """The id for the number of an event in the hub of each pipeline."""
    return "~".join(f"{pipeline}={hub.id}.{number}" for pipeline, hub, number in positions)


def resumed(text: str, hubs: Mapping[str, Hub]) -> dict[str, int]:
    """The numbers of the events in an id, by pipeline, if their hub still has all that came after.

    A hub is of one process, and forgets events, so others cannot be resumed, like those of which the id says nothing.
    """
    numbers: dict[str, int] = {}
    for piece in text[:MAX_LENGTH].split("~"):
        match = _PIECE.fullmatch(piece)
        hub = None if match is None else hubs.get(match[1])
        if match is not None and hub is not None and hub.id == match[2] and hub.has_after(int(match[3])):
            numbers[match[1]] = int(match[3])
    return numbers
