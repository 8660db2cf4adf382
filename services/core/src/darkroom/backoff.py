"""Waiting longer after each failure, each process a little differently."""

import random
from dataclasses import dataclass


@dataclass
class Backoff:
    """Jittered exponential back-off: between half and all of a delay that doubles from `first_s` to `most_s`."""

    first_s: float = 0.1
    most_s: float = 5.0
    failures: int = 0

    def next_s(self) -> float:
        """Seconds to wait after one more failure."""
        whole = min(self.most_s, self.first_s * 2.0 ** min(self.failures, 30))
        self.failures += 1
        return whole * random.uniform(0.5, 1)

    def reset(self) -> None:
        """Begin anew: something went well."""
        self.failures = 0
