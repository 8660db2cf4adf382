"""What arrives at a simulated stage, and what its workers can do."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

HOUR_S: Final = 3600

Rate = Callable[[int], float]
"""Images per second at a second."""


@dataclass(frozen=True)
class Trace:
    """One stage.

    Attributes:
        name: name in tables.
        seconds: length of the simulation.
        rate: images per second, of all partitions together.
        worker_rate: images per second of one worker that is always busy.
        start_up_s: seconds from the request for a worker until it is ready.
        partitions: number of partitions of the images topic.
        hot: part of the images that have the same key.
        maximum: most workers.
    """

    name: str
    seconds: int
    rate: Rate
    worker_rate: float = 10.0
    start_up_s: int = 10
    partitions: int = 12
    hot: float = 0.0
    maximum: int = 12


def _steady(_: int) -> float:
    return 50.0


def _step(second: int) -> float:
    return 80.0 if HOUR_S // 2 <= second < 3 * HOUR_S // 2 else 10.0


def _burst(second: int) -> float:
    """20,000 images in a minute, every hour."""
    return 20_000 / 60 if second % HOUR_S in range(300, 360) else 0.0


def _sine(second: int) -> float:
    return 45.0 + 40.0 * math.sin(2 * math.pi * second / HOUR_S)


def _night(second: int) -> float:
    """Two hours of the day, three of the night, one of the next day."""
    return 60.0 if second < 2 * HOUR_S or second >= 5 * HOUR_S else 0.0


def _overload(second: int) -> float:
    """For 20 minutes more than twelve workers can analyse."""
    return 200.0 if HOUR_S // 2 <= second < HOUR_S // 2 + 1200 else 20.0


TRACES: Final = (
    Trace("steady", 2 * HOUR_S, _steady),
    Trace("step", 2 * HOUR_S, _step),
    Trace("burst", 2 * HOUR_S, _burst),
    Trace("sine", 3 * HOUR_S, _sine),
    Trace("night", 6 * HOUR_S, _night),
    Trace("overload", 2 * HOUR_S, _overload),
    Trace("slow model", 2 * HOUR_S, lambda _: 1.0, worker_rate=0.2),
    Trace("hot partition", 2 * HOUR_S, lambda _: 16.0, hot=0.5),
    Trace("step, start-up 5 s", 2 * HOUR_S, _step, start_up_s=5),
    Trace("step, start-up 30 s", 2 * HOUR_S, _step, start_up_s=30),
    Trace("step, start-up 120 s", 2 * HOUR_S, _step, start_up_s=120),
)
