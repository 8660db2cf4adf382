"""A simulated stage: partitions in order, workers that start, take their partitions, and analyse. Steps of a second."""

import math
import random
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Final

from benchmarks.scaling.traces import Trace

REBALANCE_S: Final = 3
"""Seconds in which a partition that moves to another worker is not read."""


@dataclass
class Partition:
    """The log of one partition: seconds at which images arrived, with how many, that are not analysed yet."""

    waiting: deque[list[int]] = field(default_factory=deque)
    end: int = 0
    done: int = 0
    owner: int = -1
    paused_until: int = 0


class Stage:
    """A stage with a number of workers that a rule sets."""

    def __init__(self, trace: Trace, seed: int) -> None:
        self._trace = trace
        self._chance = random.Random(seed)
        self.partitions = [Partition() for _ in range(trace.partitions)]
        self.second = 0
        self.replicas = 0
        self.ages: Counter[int] = Counter()
        self.pod_s = 0
        self._ready_at: list[int] = []
        self._credit: list[float] = []

    @property
    def ready(self) -> int:
        """The number of workers that have started."""
        return sum(at <= self.second for at in self._ready_at)

    @property
    def lag(self) -> int:
        """The number of images that wait."""
        return sum(partition.end - partition.done for partition in self.partitions)

    def scale(self, replicas: int) -> None:
        """Ask for a number of workers. The newest are removed first."""
        self.replicas = replicas
        del self._ready_at[replicas:], self._credit[replicas:]
        while len(self._ready_at) < replicas:
            self._ready_at.append(self.second + self._trace.start_up_s)
            self._credit.append(0.0)

    def step(self) -> None:
        """One second."""
        self._arrive()
        self._assign()
        self._analyse()
        self.pod_s += self.replicas
        self.second += 1

    def _arrive(self) -> None:
        rate, count = self._trace.rate(self.second), self._trace.partitions
        for number, partition in enumerate(self.partitions):
            share = (1 - self._trace.hot) / count + (self._trace.hot if number == 0 else 0.0)
            if arrived := _poisson(self._chance, rate * share):
                partition.waiting.append([self.second, arrived])
                partition.end += arrived

    def _assign(self) -> None:
        """Partitions go to ready workers evenly; those whose worker keeps its share stay."""
        ready = self.ready
        for number, partition in enumerate(self.partitions):
            owner = number % ready if ready else -1
            if owner != partition.owner:
                partition.owner = owner
                partition.paused_until = self.second + REBALANCE_S

    def _analyse(self) -> None:
        """Each worker takes its oldest images first, as many as it can analyse in a second."""
        rate = self._trace.worker_rate
        for worker in range(self.ready):
            mine = [
                partition
                for partition in self.partitions
                if partition.owner == worker and partition.waiting and partition.paused_until <= self.second
            ]
            self._credit[worker] = credit = self._credit[worker] + rate if mine else 0.0
            while mine and credit >= 1:
                partition = min(mine, key=lambda one: one.waiting[0][0])
                arrived, count = partition.waiting[0]
                taken = min(count, math.floor(credit))
                credit -= taken
                partition.done += taken
                self.ages[self.second - arrived] += taken
                if taken == count:
                    partition.waiting.popleft()
                    mine = [one for one in mine if one.waiting]
                else:
                    partition.waiting[0][1] -= taken
            self._credit[worker] = credit


def _poisson(chance: random.Random, mean: float) -> int:
    """A number of arrivals (Knuth; in parts, because exp(-mean) has to be a normal number)."""
    if mean > 30:  # noqa: PLR2004
        return _poisson(chance, mean / 2) + _poisson(chance, mean / 2)
    limit, product, count = math.exp(-mean), chance.random(), 0
    while product > limit:
        product *= chance.random()
        count += 1
    return count
