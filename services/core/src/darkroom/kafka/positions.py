"""A place in a topic as a person names it: its beginning, its end, a time, or an offset."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from darkroom.errors import DarkroomError

Edge = Literal["beginning", "end"]
_EDGES: Final[tuple[Edge, ...]] = ("beginning", "end")
_LARGEST_OFFSET: Final = 2**63 - 1


@dataclass(frozen=True)
class AtTime:
    """The first record of each partition that is not older."""

    milliseconds: int


@dataclass(frozen=True)
class AtOffset:
    """The same offset of each partition."""

    offset: int


Position = Edge | AtTime | AtOffset


class BadPosition(DarkroomError):
    """A text names no place in a topic, or two texts name no range."""


def parse_position(text: str) -> Position:
    """The place that `text` names.

    Raises:
        BadPosition: it names none.
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
            f"{text!r} is no place in the log: give beginning, end, an offset such as 1200, "
            "or a time with its zone such as 2026-11-23T12:00:00Z"
        )
    return AtTime(milliseconds)


def check_range(start: Position, end: Position) -> None:
    """See that `start` does not lie after `end`, as far as that can be told without the log.

    Raises:
        BadPosition: it does.
    """
    match start, end:
        case AtTime(first), AtTime(last) if first > last:
            raise BadPosition("--from is later than --to: exchange them")
        case AtOffset(first), AtOffset(last) if first > last:
            raise BadPosition(f"--from {first} lies after --to {last}: exchange them")
        case "end", _:
            raise BadPosition("--from end leaves nothing to be read: give beginning, an offset or a time")
        case _, "beginning":
            raise BadPosition("--to beginning leaves nothing to be read: give end, an offset or a time")
        case _:
            return
