"""Counters and histograms that only the event loop changes: without the lock that prometheus_client takes for each."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry


@dataclass
class Tally:
    """One counter."""

    count: int = 0


class Counters(Collector):
    """Counters by labels."""

    def __init__(self, name: str, documentation: str, labels: Sequence[str], registry: CollectorRegistry) -> None:
        self._name, self._documentation, self._labels = name, documentation, labels
        self._tallies: dict[tuple[str, ...], Tally] = {}
        registry.register(self)

    def of(self, *labels: str) -> Tally:
        """The counter with these values of the labels."""
        return self._tallies.setdefault(labels, Tally())

    def collect(self) -> Iterable[Metric]:
        """For prometheus_client."""
        family = CounterMetricFamily(self._name, self._documentation, labels=self._labels)
        for labels, tally in list(self._tallies.items()):
            family.add_metric(labels, tally.count)
        return [family]


class Durations:
    """One histogram of seconds."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total_s = 0.0

    def observe(self, seconds: float) -> None:
        """Count one duration."""
        self.counts[bisect_left(self._bounds, seconds)] += 1
        self.total_s += seconds


class Histograms(Collector):
    """Histograms of seconds by labels. `bounds` are the upper bounds of the buckets."""

    def __init__(
        self,
        name: str,
        documentation: str,
        labels: Sequence[str],
        bounds: Sequence[float],
        registry: CollectorRegistry,
    ) -> None:
        self._name, self._documentation, self._labels, self._bounds = name, documentation, labels, bounds
        self._bucket_names = [*(str(float(bound)) for bound in bounds), "+Inf"]
        self._durations: dict[tuple[str, ...], Durations] = {}
        registry.register(self)

    def of(self, *labels: str) -> Durations:
        """The histogram with these values of the labels."""
        return self._durations.setdefault(labels, Durations(self._bounds))

    def collect(self) -> Iterable[Metric]:
        """For prometheus_client."""
        family = HistogramMetricFamily(self._name, self._documentation, labels=self._labels)
        for labels, durations in list(self._durations.items()):
            buckets = list(zip(self._bucket_names, accumulate(durations.counts), strict=True))
            family.add_metric(labels, buckets, durations.total_s)
        return [family]
