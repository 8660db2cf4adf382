"""The bytes that a caller may send as the body of one request."""

from darkroom_ingestion.limits.callers import CallerLimits


class ByteBudget:
    """Takes the bytes of a body from those of its caller.

    Args:
        key: identifies the caller.
    """

    __slots__ = ("_key", "_limits", "_taken")

    def __init__(self, limits: CallerLimits, key: str) -> None:
        self._limits, self._key = limits, key
        self._taken = False

    def has(self, size: int) -> bool:
        """Whether `begin` would accept a body of that size now."""
        return self._limits.has_bytes(self._key, size)

    def begin(self, announced: int) -> None:
        """Take the bytes of a body that is about to be read; with an unknown size, 0.

        Raises:
            LimitReached: the caller sends too many.
        """
        self._limits.take_bytes(self._key, announced)
        self._taken = announced > 0

    def arrived(self, size: int) -> None:
        """A part of the body has arrived. Its bytes are taken now if the size was unknown."""
        if not self._taken:
            self._limits.spend_bytes(self._key, size)
