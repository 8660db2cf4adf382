"""Counts what each caller uses, and refuses what is beyond its limits."""

import math
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final, Literal

from darkroom.errors import DarkroomError
from darkroom_ingestion.limits.settings import LimitSettings
from darkroom_ingestion.limits.token_bucket import TokenBucket

Limit = Literal["requests", "bytes", "streams", "waiting", "exports"]
Held = Literal["streams", "waiting", "exports"]
"""What a caller holds for a while."""

MOST_HELD: Final[Mapping[Held, int]] = {"streams": 2_048, "waiting": 2_048, "exports": 32}
"""By all callers. Streams may have half of the server's connections, so that the other half is left for requests."""
MOST_CALLERS: Final = 10_000
_AGAIN_S: Final[Mapping[Held, int]] = {"streams": 10, "waiting": 2, "exports": 10}
_WHAT: Final[Mapping[Held, str]] = {
    "streams": "open streams of live events",
    "waiting": "requests that wait for results",
    "exports": "exports in progress",
}


class LimitReached(DarkroomError):
    """A caller has reached one of its limits.

    Attributes:
        retry_after_s: whole seconds until the request would be accepted, if the caller sends no others; for what a
            caller holds, when to try again.
    """

    def __init__(self, limit: Limit, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.limit, self.retry_after_s = limit, retry_after_s


class TooManyHeld(DarkroomError):
    """All callers together have reached a limit of the service.

    Attributes:
        retry_after_s: when to try again.
    """

    def __init__(self, limit: Held) -> None:
        super().__init__(f"The service has reached its limit of {_WHAT[limit]}.")
        self.limit, self.retry_after_s = limit, _AGAIN_S[limit]


class _Usage:
    """What one caller uses."""

    __slots__ = ("bytes", "held", "requests")

    def __init__(self) -> None:
        self.requests: TokenBucket | None = None
        self.bytes: TokenBucket | None = None
        self.held: Counter[Held] = Counter()


class CallerLimits:
    """The limits of all callers. Used from the event loop only.

    A caller is identified by a key. Those that hold nothing and have sent nothing for longest are forgotten, so that at
    most `most_callers` and those that hold something are tracked.

    Args:
        refused: called with the limit of every refusal.
    """

    def __init__(
        self,
        settings: LimitSettings,
        refused: Callable[[Limit], None],
        *,
        most_callers: int = MOST_CALLERS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings, self._refused, self._most_callers, self._clock = settings, refused, most_callers, clock
        self._usages: OrderedDict[str, _Usage] = OrderedDict()
        self._held: Counter[Held] = Counter()

    @property
    def tracked(self) -> int:
        """The number of callers that are tracked."""
        return len(self._usages)

    @property
    def limits_requests(self) -> bool:
        """Whether requests are limited."""
        return self._settings.requests > 0

    @property
    def limits_bytes(self) -> bool:
        """Whether bytes are limited."""
        return self._settings.bytes > 0

    def count_request(self, key: str) -> None:
        """Count a request, if requests are limited.

        Raises:
            LimitReached: the caller sends too many.
        """
        rate = self._settings.requests
        if not rate:
            return
        usage, now_s = self._usage(key), self._clock()
        if usage.requests is None:
            usage.requests = TokenBucket(rate, max(1.0, rate), now_s)
        if wait_s := usage.requests.take(1, now_s):
            raise self._sent_too_much("requests", wait_s)

    def take_bytes(self, key: str, size: int) -> None:
        """Take the bytes of a body that is about to be read; with an unknown size, 0.

        Raises:
            LimitReached: the caller sends too many.
        """
        # At least one: a body of unknown size is not begun with an empty bucket.
        if wait_s := self._bytes(key).take(size or 1, self._clock()):
            raise self._sent_too_much("bytes", wait_s)

    def has_bytes(self, key: str, size: int) -> bool:
        """Whether the caller may send a body of that size now."""
        return self._bytes(key).wait_s(size, self._clock()) == 0

    def spend_bytes(self, key: str, size: int) -> None:
        """Take bytes of a body of unknown size, as they arrive."""
        self._bytes(key).spend(size, self._clock())

    @contextmanager
    def holding(self, what: Held, key: str) -> Iterator[None]:
        """The caller holds one more for the duration of the block.

        Raises:
            LimitReached: the caller holds as many as it may.
            TooManyHeld: all callers together do.
        """
        most, usage = getattr(self._settings, what), self._usage(key)
        if most and usage.held[what] >= most:
            self._refused(what)
            message = f"This caller has as many {_WHAT[what]} as it may (--{what}-per-caller): end one."
            raise LimitReached(what, message, _AGAIN_S[what])
        if self._held[what] >= MOST_HELD[what]:
            raise TooManyHeld(what)
        usage.held[what] += 1
        self._held[what] += 1
        try:
            yield
        finally:
            usage.held[what] -= 1
            self._held[what] -= 1

    def _bytes(self, key: str) -> TokenBucket:
        usage = self._usage(key)
        if usage.bytes is None:
            rate = self._settings.bytes
            usage.bytes = TokenBucket(rate, rate, self._clock())
        return usage.bytes

    def _sent_too_much(self, limit: Limit, wait_s: float) -> LimitReached:
        self._refused(limit)
        seconds = math.ceil(wait_s)
        message = f"This caller sends more {limit} than it may (--{limit}-per-caller): wait {seconds} s."
        return LimitReached(limit, message, seconds)

    def _usage(self, key: str) -> _Usage:
        usage = self._usages.get(key)
        if usage is None:
            if len(self._usages) >= self._most_callers:
                self._forget_one()
            usage = self._usages[key] = _Usage()
        else:
            self._usages.move_to_end(key)
        return usage

    def _forget_one(self) -> None:
        for key, usage in self._usages.items():
            if not any(usage.held.values()):
                del self._usages[key]
                return
