"""How many workers the input and the backlog of a stage need."""

from dataclasses import dataclass

from darkroom.scaling.partitions import Workforce
from darkroom.scaling.settings import OVERLOAD, UTILISATION


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

    @property
    def load(self) -> float:
        """Busy workers that both need."""
        return max(self.for_rate, self.for_backlog)

    def overloads(self, workers: int, workforce: Workforce) -> bool:
        """Whether `workers` are too few: rate in > 0.9 of their capacity, or the backlog takes longer than intended."""
        effective = workforce.effective(workers)
        return self.rate_in > OVERLOAD * effective * self.worker_rate or self.for_backlog > effective

    def drain_s(self, workers: int, workforce: Workforce) -> float | None:
        """Seconds until `workers` have analysed the backlog: lag / (capacity - rate in); None if it grows."""
        if self.lag == 0:
            return 0.0
        spare = workforce.effective(workers) * self.worker_rate - self.rate_in
        return self.lag / spare if spare > 0 else None
