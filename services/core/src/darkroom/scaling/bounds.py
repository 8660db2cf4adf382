"""The fewest and the most workers that a stage may have."""

from dataclasses import dataclass

from darkroom.scaling.partitions import Workforce
from darkroom.scaling.settings import Settings


@dataclass(frozen=True)
class Bounds:
    """The limits of the number of workers.

    Attributes:
        floor: the minimum, and at most `ceiling`.
        ceiling: the maximum, and at most as many workers as partitions can be divided among.
        by_partitions: whether the partitions are the narrower limit.
    """

    floor: int
    ceiling: int
    by_partitions: bool

    @classmethod
    def of(cls, settings: Settings, workforce: Workforce) -> "Bounds":
        """The limits of a stage."""
        most = workforce.most
        by_partitions = most is not None and most < settings.maximum
        ceiling = most if most is not None and by_partitions else settings.maximum
        return cls(min(settings.minimum, ceiling), ceiling, by_partitions)

    def within(self, workers: int) -> int:
        """The number within the limits that is closest to `workers`."""
        return max(self.floor, min(self.ceiling, workers))


def workforce_of(settings: Settings, partitions: int) -> Workforce:
    """The workers that a stage can have on `partitions`; 0 for an unknown number, which limits nothing."""
    return Workforce(partitions if settings.ordered and partitions else None, settings.loops)
