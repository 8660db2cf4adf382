"""What is possible on a trace with workers among which partitions divide well."""

import math
from collections import deque
from typing import Final

from benchmarks.scaling.traces import Trace
from darkroom.scaling.partitions import Workforce
from darkroom.scaling.settings import OVERLOAD, STEP_DOWN_S, TICK_S, UTILISATION

_DELAY_S: Final = 180
"""The default of scaleDownDelay."""


def fewest_pod_hours(trace: Trace, utilisation: float = UTILISATION) -> float:
    """Hours of the fewest workers that carry the rate of every second at a utilisation, without any delay."""
    workforce = Workforce(trace.partitions)
    return sum(_needed(trace, workforce, second, utilisation) for second in range(trace.seconds)) / 3600


def changes_with_known_rates(trace: Trace) -> int:
    """How often the number of workers changes at a utilisation of 0.75 if both rates are known, and images never wait.

    Up when 0.9 of the capacity is exceeded, to what is needed; down to what was needed at most during scaleDownDelay,
    once a minute, to at least half.
    """
    workforce = Workforce(trace.partitions)
    workers, changes, down_at = 0, 0, -math.inf
    needs: deque[int] = deque(maxlen=math.ceil(_DELAY_S / TICK_S))
    for second in range(0, trace.seconds, int(TICK_S)):
        needed, before = _needed(trace, workforce, second, UTILISATION), workers
        needs.append(needed)
        if trace.rate(second) > OVERLOAD * workforce.effective(workers) * trace.worker_rate:
            workers = max(workers, needed)
        elif max(needs) < workers and len(needs) == needs.maxlen and second - down_at >= STEP_DOWN_S:
            workers, down_at = workforce.at_least(max(*needs, math.ceil(workers / 2))), second
        changes += workers != before
    return changes


def _needed(trace: Trace, workforce: Workforce, second: int, utilisation: float) -> int:
    return min(trace.maximum, workforce.fewest(trace.rate(second) / utilisation / trace.worker_rate))
