"""The metrics of the service, from those of its processes."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from prometheus_client.core import Metric
from prometheus_client.samples import Sample

_MONOTONIC = ("counter", "histogram", "summary")
_CREATED = "_created"
_SAME_IN_ALL: Final[dict[str, Callable[[float, float], float]]] = {
    "darkroom_pipelines": max,
    "darkroom_store_lag": max,
    "darkroom_store_writable": min,
    "darkroom_tls_certificate_expiration_timestamp_seconds": min,
}


class Totals:
    """The last metrics of every process. What processes that have ended have counted stays."""

    def __init__(self) -> None:
        self._now: dict[int, Sequence[Metric]] = {}
        self._ended: list[Metric] = []

    def put(self, process: int, metrics: Sequence[Metric]) -> None:
        """Set the metrics of a process."""
        self._now[process] = metrics

    def end(self, process: int) -> None:
        """Keep what a process that has ended has counted."""
        counted = [family for family in self._now.pop(process, ()) if family.type in _MONOTONIC]
        self._ended = added([self._ended, counted])

    def all(self, own: Iterable[Metric]) -> list[Metric]:
        """The metrics of all processes and those of this one, `own`."""
        return added([own, self._ended, *self._now.values()])


def added(of_processes: Iterable[Iterable[Metric]]) -> list[Metric]:
    """Add the samples of the same name and labels, but for facts and for values that all processes have in common."""
    families: dict[str, Metric] = {}
    samples: dict[str, dict[tuple[str, tuple[tuple[str, str], ...]], Sample]] = {}
    for metrics in of_processes:
        for family in metrics:
            families.setdefault(family.name, family)
            known = samples.setdefault(family.name, {})
            for sample in family.samples:
                key = sample.name, tuple(sorted(sample.labels.items()))
                known[key] = _add(known[key], sample, family) if key in known else sample
    total = []
    for name, family in families.items():
        result = Metric(name, family.documentation, family.type, family.unit)
        result.samples = list(samples[name].values())
        total.append(result)
    return total


def _add(one: Sample, more: Sample, family: Metric) -> Sample:
    if one.name.endswith(_CREATED):
        combine: Callable[[float, float], float] = min
    elif family.type in {"info", "stateset"}:
        combine = max
    else:
        combine = _SAME_IN_ALL.get(family.name, float.__add__)
    return one._replace(value=combine(float(one.value), float(more.value)))
