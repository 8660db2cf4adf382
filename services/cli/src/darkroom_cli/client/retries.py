"""The delay before a request is retried. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_DELAY_S = 10.0
_FIRST_DELAY_S = 0.25


def is_temporary(status: int) -> bool:
    """Whether the same request may succeed later."""
    return status in {429, 503}


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """The seconds to wait according to `Retry-After`, which is a number of seconds or a date."""
    value = headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds())


def delay_s(attempt: int, asked_for_s: float | None, chance: float) -> float:
    """Seconds before the attempt after `attempt` (from 1), at least `asked_for_s`.

    `chance` (0..1) adds jitter, so that clients that were rejected together do not retry together.
    """
    if asked_for_s is not None:
        return asked_for_s * (1 + chance / 4)
    return min(LONGEST_DELAY_S, _FIRST_DELAY_S * 2.0 ** (attempt - 1)) * (0.5 + chance / 2)
