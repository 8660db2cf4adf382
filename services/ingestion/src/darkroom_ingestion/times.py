"""Conversion between milliseconds since 1970 (internal) and RFC 3339 (external)."""

import time
from datetime import UTC, datetime
from functools import lru_cache


def now_ms() -> int:
    """Now, in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def rfc3339(milliseconds: int) -> str:
    """The time in RFC 3339, in UTC, with milliseconds."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{_to_the_second(seconds)}.{rest:03}Z"


@lru_cache(maxsize=8)
def _to_the_second(seconds: int) -> str:
    try:
        at = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):  # from a record with an invalid timestamp
        at = datetime.max.replace(tzinfo=UTC)
    return at.isoformat(timespec="seconds").removesuffix("+00:00")


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
