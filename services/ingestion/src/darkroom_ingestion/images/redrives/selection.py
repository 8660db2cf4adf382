"""Which dead letters a redrive is about, as requests and stored jobs say it."""

from collections.abc import Mapping
from typing import Any

from darkroom.errors import DarkroomError
from darkroom_ingestion.records.text import storable
from darkroom_ingestion.store.queries import DeadLetterFilter
from darkroom_ingestion.times import parse_ms


class AmbiguousSelection(DarkroomError):
    """A selection is not exactly one of ids, a reason, all, or a time."""


def letters_selected(stage: str, selection: Mapping[str, Any]) -> DeadLetterFilter:
    """The dead letters of `stage` that a selection has.

    Those that have been redriven are left out, unless they are selected by their ids.

    Args:
        stage: the name of the stage.
        selection: `ids`, `reason`, `all`, or `since` and `until`.

    Raises:
        AmbiguousSelection: there is not exactly one of these, or a time is malformed.
    """
    ids, reason = selection.get("ids"), selection.get("reason")
    by_time = "since" in selection or "until" in selection
    if sum((ids is not None, reason is not None, by_time, bool(selection.get("all")))) != 1:
        raise AmbiguousSelection("select dead letters by exactly one of ids, reason, all, or a time (since, until)")
    return DeadLetterFilter(
        stage=stage,
        reason=None if reason is None else storable(reason),
        image_ids=None if ids is None else [storable(image_id) for image_id in ids],
        since_ms=_time(selection, "since"),
        until_ms=_time(selection, "until"),
        redriven=None if ids is not None else False,
    )


def _time(selection: Mapping[str, Any], name: str) -> int | None:
    if name not in selection:
        return None
    at_ms = parse_ms(selection[name])
    if at_ms is None:
        raise AmbiguousSelection(f"{name}: {selection[name]!r} is not an RFC 3339 time such as 2026-11-23T12:00:00Z")
    return at_ms
