"""What can go wrong with a request to the API server."""

from http import HTTPStatus

from darkroom.errors import DarkroomError


class ApiError(DarkroomError):
    """The API server refused a request, or did not answer.

    Attributes:
        status: the HTTP status; 0 when there was no answer.
        reason: Kubernetes' word for it, such as `Forbidden`.
        message: the API server's own sentence.
        retry_after_s: how long it asks to be left alone.
    """

    def __init__(self, status: int, reason: str, message: str, retry_after_s: float = 0.0) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.retry_after_s = retry_after_s

    @property
    def is_passing(self) -> bool:
        """Whether the same request may succeed in a moment: no answer, a conflict, an overloaded or failing server."""
        return self.status in {0, HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS} or self.status >= 500  # noqa: PLR2004

    @property
    def is_not_found(self) -> bool:
        """Whether there is no such object, or no such kind."""
        return self.status == HTTPStatus.NOT_FOUND

    @property
    def is_conflict(self) -> bool:
        """Whether somebody else owns what was to be changed."""
        return self.status == HTTPStatus.CONFLICT


class NotLeading(DarkroomError):
    """Another replica leads: nothing may be written."""

    def __init__(self) -> None:
        super().__init__("another replica of the operator leads: nothing was written")
