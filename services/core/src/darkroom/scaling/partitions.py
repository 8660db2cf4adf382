"""How many workers are effective on a number of partitions.

With P partitions of equal input and c consumers, the consumer with the most partitions has ceil(P / c) of them. The
group keeps up as long as this one does, so it carries as much as P / ceil(P / c) consumers. Some numbers of consumers
therefore add nothing: 7 to 11 consumers carry no more than 6 on 12 partitions.
"""

import math
from dataclasses import dataclass
from typing import Final

_ROUNDING: Final = 1e-9


@dataclass(frozen=True)
class Workforce:
    """The workers that a stage can have.

    Attributes:
        partitions: number of partitions; None if the number of workers does not depend on it.
        loops: number of loops, each with a consumer, in one worker.
    """

    partitions: int | None
    loops: int = 1

    @property
    def most(self) -> int | None:
        """The most workers that have partitions; None for no limit."""
        return None if self.partitions is None else math.ceil(self.partitions / self.loops)

    def effective(self, workers: int) -> float:
        """The number of fully used workers that carry as much as `workers`: P / ceil(P / consumers) / loops."""
        consumers = workers * self.loops
        if self.partitions is None or consumers == 0:
            return float(workers)
        return self.partitions / math.ceil(self.partitions / consumers) / self.loops

    def fewest(self, load: float) -> int:
        """The fewest workers that are effective as `load` workers; all that have partitions if no number is."""
        if load <= 0:
            return 0
        if self.partitions is None:
            return math.ceil(load - _ROUNDING)
        a_consumer = max(1, math.floor(self.partitions / (load * self.loops) + _ROUNDING))
        return math.ceil(math.ceil(self.partitions / a_consumer) / self.loops)

    def at_most(self, workers: int) -> int:
        """The largest number up to `workers` of which none is superfluous."""
        return self.fewest(self.effective(workers))

    def at_least(self, workers: int) -> int:
        """The smallest number from `workers` on of which none is superfluous, and at most all that have partitions."""
        found = self.at_most(workers)
        if found >= workers or self.partitions is None:
            return found
        a_consumer = math.ceil(self.partitions / (workers * self.loops))
        return found if a_consumer == 1 else self.fewest(self.partitions / (a_consumer - 1) / self.loops)
