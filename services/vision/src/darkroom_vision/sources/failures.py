"""Why a file can't be fetched."""

from collections.abc import Sequence

from darkroom_vision.model.session import ModelError


class ModelUnavailable(ModelError):
    """The file cannot be fetched or read."""


class Refused(Exception):
    """The file cannot be fetched, and another attempt would not help."""


class NotFound(Refused):
    """The file does not exist."""

    def __init__(self) -> None:
        super().__init__("the file does not exist")


class Unauthorized(Refused):
    """The server asks for credentials, or refuses those that it got.

    Attributes:
        challenges: its WWW-Authenticate headers.
    """

    def __init__(self, message: str, challenges: Sequence[str]) -> None:
        super().__init__(message)
        self.challenges = challenges


class Busy(Exception):
    """The server can't answer now.

    Attributes:
        retry_after_s: the wait that it asks for; 0 if it asks for none.
    """

    def __init__(self, message: str, retry_after_s: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
