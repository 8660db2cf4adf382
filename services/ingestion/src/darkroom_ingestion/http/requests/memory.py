"""The memory limit for bodies: of requests until they are published, of responses until they are sent."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from darkroom_ingestion.http.problems import HttpProblem


class BodyMemory:
    """Counts the bytes of bodies in memory, up to a limit. Used from the event loop only."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken = 0

    @property
    def taken(self) -> int:
        """The bytes in use."""
        return self._taken

    def share(self) -> "MemoryShare":
        """A share for the duration of a `with` block, released at its end or before."""
        return MemoryShare(self)

    @contextmanager
    def share_of_response(self) -> Iterator["MemoryShare"]:
        """A share for a response, which releases it after sending. Released here only if the block fails."""
        share = MemoryShare(self)
        try:
            yield share
        except BaseException:
            share.release()
            raise

    def take(self, size: int, *, unread_body: bool) -> None:
        """Take `size` bytes; a negative size releases bytes.

        Raises:
            HttpProblem: 503: not enough memory is left.
        """
        # A body larger than the limit is accepted if it is the only one.
        if size > 0 and self._taken + size > self._limit and (unread_body or self._taken):
            raise HttpProblem(
                503,
                "busy",
                "Too many images at once",
                "The memory for bodies is used up (--body-memory): try again in a moment.",
                headers={"Retry-After": "1"},
                unread_body=unread_body,
            )
        self._taken += size


class MemoryShare:
    """The bytes that one request or response holds."""

    def __init__(self, memory: BodyMemory) -> None:
        self._memory = memory
        self.taken = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def take(self, size: int) -> None:
        """Take `size` more bytes for the body of a request.

        Raises:
            HttpProblem: 503: not enough memory is left.
        """
        self._memory.take(size, unread_body=True)
        self.taken += size

    def hold(self, size: int) -> None:
        """Hold exactly `size` bytes for the body of a response.

        Raises:
            HttpProblem: 503: not enough memory is left.
        """
        self._memory.take(size - self.taken, unread_body=False)
        self.taken = size

    def release(self) -> None:
        """Release all bytes."""
        self._memory.take(-self.taken, unread_body=False)
        self.taken = 0
