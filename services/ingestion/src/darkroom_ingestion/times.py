"""Conversion between milliseconds since 1970 (internal) and RFC 3339 (external)."""

import time
from datetime import UTC, datetime

from darkroom.cloudevents import timestamp


def now_ms() -> int:
    """Now, in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def rfc3339(milliseconds: int) -> str:
    """The time in RFC 3339, in UTC, with milliseconds."""
    try:
        return timestamp(datetime.fromtimestamp(milliseconds / 1000, UTC))
    except (OverflowError, ValueError, OSError):
        return timestamp(datetime.max.replace(tzinfo=UTC))  # from a record with an invalid timestamp


def parse_ms(text: str) -> int | None:
    """Milliseconds since 1970 of an RFC 3339 time; None if `text` is not one."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    if at.tzinfo is None:
        return None
    try:
        return round(at.timestamp() * 1000)
    except (OverflowError, OSError):
        return None
