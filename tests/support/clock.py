"""A clock that a test advances."""


class Clock:
    """Returns `now`, in seconds, which tests set."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now
