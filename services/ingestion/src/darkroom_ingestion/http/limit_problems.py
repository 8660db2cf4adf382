"""Problem documents for callers beyond their limits."""

from collections.abc import Mapping
from typing import Final

from darkroom_ingestion.access.refused import TooManyRefused
from darkroom_ingestion.http.problems import HttpProblem
from darkroom_ingestion.limits.callers import Limit, LimitReached

BEFORE_BODY: Final = frozenset({"bytes", "waiting"})
"""Limits that are checked before the request's body is read."""
_KINDS: Final[Mapping[Limit, tuple[str, str]]] = {
    "requests": ("too-many-requests", "Too many requests"),
    "bytes": ("too-many-bytes", "Too many bytes"),
    "streams": ("too-many-live-clients", "Too many clients of the live feed"),
    "waiting": ("too-many-waiting", "Too many requests wait for results"),
    "exports": ("too-many-exports", "Too many exports"),
}


def limit_reached(error: LimitReached) -> HttpProblem:
    """429 (RFC 6585, section 4)."""
    kind, title = _KINDS[error.limit]
    return HttpProblem(
        429,
        kind,
        title,
        str(error),
        headers={"Retry-After": str(error.retry_after_s)},
        unread_body=error.limit in BEFORE_BODY,
    )


def too_many_refused(error: TooManyRefused) -> HttpProblem:
    """429 for a client that has tried too many credentials."""
    headers = {"Retry-After": str(error.retry_after_s)}
    return HttpProblem(429, "too-many-credentials", "Too many refused credentials", str(error), headers=headers)
