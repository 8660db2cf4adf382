"""Errors of requests to the API server."""

import re
from http import HTTPStatus

from darkroom.errors import DarkroomError

_REASON = re.compile(r"[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?")
"""Valid reasons of a condition. Admission webhooks may respond with any text."""


class ApiError(DarkroomError):
    """The API server refused a request or did not respond.

    Attributes:
        status: the HTTP status; 0 if there was no response.
        reason: the machine-readable reason, such as `Forbidden`; valid in a condition.
        message: the API server's message.
        retry_after_s: seconds to wait before the next request, if the API server requests that; else 0.
    """

    def __init__(self, status: int, reason: str, message: str, retry_after_s: float = 0.0) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason if _REASON.fullmatch(reason) else f"Http{status}"
        self.message = message
        self.retry_after_s = retry_after_s

    @property
    def is_transient(self) -> bool:
        """Whether the same request may succeed later: no response, a conflict, an overloaded or failing server."""
        return self.status in {0, HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS} or self.status >= 500  # noqa: PLR2004

    @property
    def is_not_found(self) -> bool:
        """Whether the object or its kind does not exist."""
        return self.status == HTTPStatus.NOT_FOUND

    @property
    def is_forbidden(self) -> bool:
        """Whether the operator has not the right."""
        return self.status == HTTPStatus.FORBIDDEN

    @property
    def is_conflict(self) -> bool:
        """Whether the object has changed, or another manager owns the fields."""
        return self.status == HTTPStatus.CONFLICT


class NotLeader(DarkroomError):
    """This replica is not the leader, so it must not write."""

    def __init__(self) -> None:
        super().__init__("this replica is not the leader: nothing was written")
