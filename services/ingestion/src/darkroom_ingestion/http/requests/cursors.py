"""Page cursors: the sort key of the last item, encoded to be opaque to clients."""

import base64
import json
from typing import Any

from darkroom_ingestion.http.problems import HttpProblem, invalid
from darkroom_ingestion.records.text import storable
from darkroom_ingestion.store.explore.candidates import Cursor
from darkroom_ingestion.store.queries import DeadLetterCursor, ResultCursor

MAX_LENGTH = 2_000


def write_cursor(position: Cursor | None) -> str | None:
    """The cursor of the page after `position`."""
    if position is None:
        return None
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode().rstrip("=")


def read_result_cursor(text: str | None) -> ResultCursor | None:
    """The position after which a page of results starts.

    Raises:
        HttpProblem: 422 if it is no cursor.
    """
    match _read(text):
        case None:
            return None
        case [int(at_ms), str(event_id)] if _fits(at_ms) and storable(event_id) == event_id:
            return at_ms, event_id
        case _:
            raise _unknown()


def read_dead_letter_cursor(text: str | None) -> DeadLetterCursor | None:
    """The position after which a page of dead letters starts.

    Raises:
        HttpProblem: 422 if it is no cursor.
    """
    match _read(text):
        case None:
            return None
        case [int(at_ms), str(topic), int(partition), int(offset)] if (
            _fits(at_ms, offset) and 0 <= partition < 2**31 and storable(topic) == topic
        ):
            return at_ms, topic, partition, offset
        case _:
            raise _unknown()


def read_image_cursor(text: str | None, listed_by: str) -> Cursor | None:
    """The position after which a page of images starts, in a list by images, results or failures.

    Raises:
        HttpProblem: 422 if it is no cursor of such a list.
    """
    return read_dead_letter_cursor(text) if listed_by == "failure" else read_result_cursor(text)


def _read(text: str | None) -> Any:
    if text is None:
        return None
    try:
        position = json.loads(base64.urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4)))
    except (ValueError, RecursionError) as error:
        raise _unknown() from error
    # JSON's null is not a cursor.
    return position if position is not None else ()


def _fits(*numbers: int) -> bool:
    return all(abs(number) < 2**63 for number in numbers)


def _unknown() -> HttpProblem:
    return invalid("after: not a cursor; pass the `next` of the previous page unchanged")
