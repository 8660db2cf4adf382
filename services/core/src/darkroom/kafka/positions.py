"""Positions in a topic as users write them: `beginning`, `end`, a time or an offset."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from darkroom.errors import DarkroomError

Edge = Literal["beginning", "end"]
_EDGES: Final[tuple[Edge, ...]] = ("beginning", "end")
_LARGEST_OFFSET: Final = 2**63 - 1


@dataclass(frozen=True)
class AtTime:
    """In each partition, the first record with this timestamp or a later one."""

    milliseconds: int


@dataclass(frozen=True)
class AtOffset:
    """The same offset in each partition."""

    offset: int


Position = Edge | AtTime | AtOffset


class BadPosition(DarkroomError):
    """A text is not a position, or two positions are not a range."""


def parse_position(text: str) -> Position:
    """Parse a position.

    Raises:
        BadPosition: `text` is not a position.
    """
    for edge in _EDGES:
        if text == edge:
            return edge
    if text.isascii() and text.isdecimal() and int(text) <= _LARGEST_OFFSET:
        return AtOffset(int(text))
    try:
        at = datetime.fromisoformat(text)
        milliseconds = round(at.timestamp() * 1000) if at.tzinfo is not None else -1
    except (ValueError, OverflowError, OSError):
        milliseconds = -1
    if milliseconds < 0:
        raise BadPosition(
            f"{text!r} is not a position: use beginning, end, an offset such as 1200, "
            "or a time with a time zone such as 2026-11-23T12:00:00Z"
        )
    return AtTime(milliseconds)


def check_range(start: Position, end: Position) -> None:
    """Check that `start` is not after `end`, as far as possible without reading the topic.

    Raises:
        BadPosition: `start` is after `end`.
    """
    match start, end:
        case AtTime(first), AtTime(last) if first > last:
            raise BadPosition("--from is later than --to: swap them")
        case AtOffset(first), AtOffset(last) if first > last:
            raise BadPosition(f"--from {first} is after --to {last}: swap them")
        case "end", _:
            raise BadPosition("--from end selects no records: use beginning, an offset or a time")
        case _, "beginning":
            raise BadPosition("--to beginning selects no records: use end, an offset or a time")
        case _:
            return
