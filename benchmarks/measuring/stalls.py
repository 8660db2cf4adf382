"""How long the cores of this machine stand still while all of them are busy.

A virtual machine's cores are those of a host, which takes them away at times. No program on it can do anything in that
time, so that no latency of one in a hundred requests is shorter.
"""

import os
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Final

from pydantic import BaseModel, ConfigDict

_LEAST_S: Final = 0.001
"""An empty loop takes less than a microsecond. Interrupts take less than this."""


class Stalls(BaseModel):
    """The times of more than a millisecond in which an empty loop on each core did not run.

    Attributes:
        share: of the time of all cores.
        longest_ms: the longest.
    """

    model_config = ConfigDict(frozen=True)

    share: float
    longest_ms: float

    def __str__(self) -> str:
        return f"cores stood still: {self.share:.1%} of the time, at most {self.longest_ms:g} ms"


def stalls(seconds: float) -> Stalls:
    """Measure for so long, with every core that this process may use."""
    cores = sorted(os.sched_getaffinity(0))
    with ProcessPoolExecutor(len(cores), get_context("spawn")) as processes:
        gaps = [gap for of_core in processes.map(partial(_gaps, seconds), cores) for gap in of_core]
    return Stalls(share=round(sum(gaps) / seconds / len(cores), 4), longest_ms=round(max(gaps, default=0.0) * 1000, 1))


def _gaps(seconds: float, core: int) -> list[float]:
    os.sched_setaffinity(0, {core})
    found: list[float] = []
    last = time.perf_counter()
    end = last + seconds
    while last < end:
        now = time.perf_counter()
        if now - last > _LEAST_S:
            found.append(now - last)
        last = now
    return found
