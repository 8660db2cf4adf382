"""One simulation: a trace, a rule and a seed."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from benchmarks.scaling.rules import Rule
from benchmarks.scaling.stage import Stage
from benchmarks.scaling.traces import Trace

REVERSAL_S: Final = 120
SAMPLE_S: Final = 60


@dataclass(frozen=True)
class Outcome:
    """What a rule did.

    Attributes:
        p95_age_s: 95 % of the images were analysed within this time after their arrival.
        changes: how often the number of workers changed.
        reversals: changes in the other direction than the one less than two minutes before.
        pod_hours: hours of all workers together, from the request for them on.
        left: images that were not analysed at the end.
        replicas: the number of workers every minute.
    """

    p95_age_s: float
    changes: int
    reversals: int
    pod_hours: float
    left: int
    replicas: list[int]


def simulate(trace: Trace, rule: Callable[[Trace], Rule], seed: int, *, seconds: int | None = None) -> Outcome:
    """Run a trace, or its first `seconds`. The same arguments give the same outcome."""
    stage, deciding = Stage(trace, seed), rule(trace)
    history = [(0, 0)]
    samples = []
    for second in range(seconds or trace.seconds):
        stage.step()
        deciding.look(stage)
        if stage.replicas != history[-1][1]:
            history.append((stage.second, stage.replicas))
        if second % SAMPLE_S == 0:
            samples.append(stage.replicas)
    return Outcome(
        _p95(stage) + 1 / trace.worker_rate,
        len(history) - 1,
        _reversals(history),
        stage.pod_s / 3600,
        stage.lag,
        samples,
    )


def _p95(stage: Stage) -> float:
    """The 95th percentile of the ages of analysed images, and of the ages so far of those that wait."""
    ages = stage.ages.copy()
    for partition in stage.partitions:
        for arrived, count in partition.waiting:
            ages[stage.second - arrived] += count
    wanted, seen = 0.95 * ages.total(), 0
    for age in sorted(ages):
        seen += ages[age]
        if seen >= wanted:
            return float(age)
    return 0.0


def _reversals(history: list[tuple[int, int]]) -> int:
    steps = [(at, after - before) for (_, before), (at, after) in pairwise(history)]
    return sum(
        later - earlier < REVERSAL_S and (first > 0) != (second > 0)
        for (earlier, first), (later, second) in pairwise(steps)
    )
