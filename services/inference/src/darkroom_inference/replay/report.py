"""Progress of a replay as JSON lines on stdout, for the program that started it."""

import json
from collections.abc import Mapping
from typing import Any, Literal

Event = Literal["begun", "underWay", "ended"]


def report(event: Event, **fields: Any) -> None:
    """Print `event` and `fields` as one line."""
    print(json.dumps({"replay": event, **fields}), flush=True)  # noqa: T201


def counted(counts: Mapping[str, int]) -> dict[str, int]:
    """Images by outcome; 0 for an outcome that has not occurred."""
    return {outcome: counts.get(outcome, 0) for outcome in ("analyzed", "failed", "skipped")}
