"""Exponential back-off with jitter."""

import random
from dataclasses import dataclass


@dataclass
class Backoff:
    """A random delay between half of a limit and the limit, which doubles from `first_s` to `most_s`."""

    first_s: float = 0.1
    most_s: float = 5.0
    failures: int = 0

    def next_s(self) -> float:
        """Count a failure. Returns the seconds to wait."""
        limit = min(self.most_s, self.first_s * 2.0 ** min(self.failures, 30))
        self.failures += 1
        return limit * random.uniform(0.5, 1)

    def reset(self) -> None:
        """Start again at `first_s`, after a success."""
        self.failures = 0
