"""How many workers the input and the backlog of a stage need."""

import math
from dataclasses import dataclass
from typing import Final

from darkroom.scaling.partitions import Workforce
from darkroom.scaling.settings import DIVIDED_WELL, OVERLOAD, UTILISATION

_SLOW_IMAGES: Final = 60
"""A model is slow if a worker analyses fewer images than this within the drain target."""

_CLEARLY: Final = 4
"""Soon after workers were removed, a backlog may take this many times the drain target."""


@dataclass(frozen=True)
class Demand:
    """What is asked of the workers.

    Attributes:
        lag: number of images that wait.
        rate_in: images that arrive per second.
        worker_rate: images per second of one worker that is always busy.
        drain_target_s: seconds in which the backlog is to be analysed.
    """

    lag: int
    rate_in: float
    worker_rate: float
    drain_target_s: float

    @property
    def for_rate(self) -> float:
        """Busy workers that the input needs at the intended utilisation: rate in / 0.75 / rate of a worker."""
        return self.rate_in / UTILISATION / self.worker_rate

    @property
    def for_backlog(self) -> float:
        """Busy workers that drain the backlog in time: (rate in + lag / drain target) / rate of a worker."""
        return (self.rate_in + self.lag / self.drain_target_s) / self.worker_rate

    def workers(self, workforce: Workforce) -> int:
        """The fewest workers for both.

        Partitions may not divide well among the workers that the rate needs, as 12 among 7, which carry no more than 6.
        Then the next smaller number that they divide well among is enough if it is below 0.85 of its capacity. At that
        utilisation, about three images wait for each worker by chance (M/D/1 queue), and draining them takes it the
        time of 17 images. A slow model takes longer than the drain target for several times as many.
        """
        is_slow = self.worker_rate * self.drain_target_s < _SLOW_IMAGES
        wanted = workforce.at_most(math.ceil(self.for_rate))
        if is_slow or self.rate_in > DIVIDED_WELL * workforce.effective(wanted) * self.worker_rate:
            wanted = workforce.fewest(self.for_rate)
        return max(wanted, workforce.fewest(self.for_backlog))

    def overloads(self, workers: int, workforce: Workforce) -> bool:
        """Whether `workers` are too few: rate in > 0.9 of their capacity, or the backlog takes too long."""
        return self._exceeds(OVERLOAD, self.drain_target_s, workforce.effective(workers))

    def clearly_overloads(self, workers: int, workforce: Workforce) -> bool:
        """The same soon after workers were removed, beyond what rates and queues vary by chance."""
        return self._exceeds(1.0, _CLEARLY * self.drain_target_s, workforce.effective(workers))

    def _exceeds(self, utilisation: float, drain_s: float, workers: float) -> bool:
        capacity = workers * self.worker_rate
        return self.rate_in > utilisation * capacity or self.rate_in + self.lag / drain_s > capacity

    def drain_s(self, workers: int, workforce: Workforce) -> float | None:
        """Seconds until `workers` have analysed the backlog: lag / (capacity - rate in); None if it grows."""
        if self.lag == 0:
            return 0.0
        spare = workforce.effective(workers) * self.worker_rate - self.rate_in
        return self.lag / spare if spare > 0 else None
