"""A token bucket: so much a second, and as much at once as has been saved up."""

_ROUNDING = 1e-9


class TokenBucket:
    """Holds at most `burst` tokens and gains `rate` a second. It is full at the start.

    An amount larger than the bucket is given when the bucket is full, which then owes the rest: otherwise no time would
    be long enough for it.

    Args:
        rate: tokens a second.
        now_s: the time, of a monotonic clock.
    """

    __slots__ = ("_at_s", "_burst", "_level", "_rate")

    def __init__(self, rate: float, burst: float, now_s: float) -> None:
        self._rate, self._burst = rate, burst
        self._level, self._at_s = burst, now_s

    def take(self, amount: float, now_s: float) -> float:
        """Take `amount`. Returns 0, or in how many seconds there will be enough; nothing is taken then."""
        if wait_s := self.wait_s(amount, now_s):
            return wait_s
        self._level -= amount
        return 0.0

    def wait_s(self, amount: float, now_s: float) -> float:
        """In how many seconds there will be enough to take `amount`; 0 if there is now."""
        self._fill(now_s)
        missing = min(amount, self._burst) - self._level
        return missing / self._rate if missing > _ROUNDING * self._burst else 0.0

    def spend(self, amount: float, now_s: float) -> None:
        """Take `amount`, also if there is not enough: the bucket owes the rest."""
        self._fill(now_s)
        self._level -= amount

    def _fill(self, now_s: float) -> None:
        self._level = min(self._burst, self._level + self._rate * (now_s - self._at_s))
        self._at_s = now_s
