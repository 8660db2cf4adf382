"""The rows of the report: ratios of throughput, of latencies, and costs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

import numpy as np

from benchmarks.ingestion.client import Throughput
from benchmarks.measuring.report import Comparison, Figure, Limit

SERVICE = "ingestion service"
TRACED = "ingestion service that sends spans of 1 % of its requests"
PRODUCING = "bare ASGI + producer"
DROPPING = "bare ASGI, body dropped"
BRIDGE = "Strimzi Kafka Bridge"

_OF_PRODUCING = Limit(at_least=0.8)
_OF_BRIDGE = Limit(at_least=3)
_P99_TO_P50 = Limit(at_most=3)


@dataclass(frozen=True)
class Latency:
    """Percentiles of the times to the responses, in milliseconds."""

    p50_ms: float
    p99_ms: float
    most_ms: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Latency":
        """The percentiles of `seconds`."""
        p50, p99, most = np.percentile(seconds, [50, 99, 100]) * 1000
        return cls(p50_ms=float(p50), p99_ms=float(p99), most_ms=float(most))

    def __str__(self) -> str:
        return f"p50 {self.p50_ms:.1f} ms, p99 {self.p99_ms:.1f} ms, most {self.most_ms:.1f} ms"


def name_of(server: str, processes: int) -> str:
    """The name of a server with a number of processes."""
    return f"{server}, {processes} process{'es' if processes > 1 else ''}"


def ratios(size: str, throughput: Mapping[str, Sequence[Throughput]]) -> list[Comparison]:
    """The service compared with every baseline that was measured.

    Args:
        size: the size of an image, as in "50 KB".
        throughput: the rounds of every server, by `name_of`.
    """
    rows = []
    for processes in (1, 2):
        service = throughput.get(name_of(SERVICE, processes))
        for baseline, limit in ((PRODUCING, _OF_PRODUCING), (DROPPING, Limit()), (BRIDGE, _OF_BRIDGE)):
            compared = throughput.get(name_of(baseline, processes))
            if service and compared:
                what = f"{size}, {name_of('', processes)[2:]}"
                rows += _rows(what, service, baseline, compared, limit)
    if (traced := throughput.get(name_of(TRACED, 1))) and (service := throughput.get(name_of(SERVICE, 1))):
        what, limit = f"{size}, 1 process, 1 % traced, by CPU", Limit(at_least=0.98)
        by_cpu = attrgetter("per_cpu_second")
        rows.append(Comparison.of(what, "images/CPU s", by_cpu, traced, service, baseline="not traced", limit=limit))
    return rows


def costs(size: str, throughput: Mapping[str, Sequence[Throughput]]) -> list[Figure]:
    """The CPU time of an image in every server."""
    return [
        Figure(
            what=f"{size}, CPU of all processes: {name}",
            unit="µs/image",
            values=[1e6 / value.per_cpu_second_of_all for value in values],
        )
        for name, values in throughput.items()
    ]


def tail(size: str, name: str, latencies: Sequence[Latency]) -> Comparison:
    """The 99th percentile compared with the median at half of the maximum."""
    return Comparison(
        what=f"{size}, p99 at half of the maximum: {name.partition(',')[0]}",
        baseline="p50",
        unit="ms",
        measured=[latency.p99_ms for latency in latencies],
        compared=[latency.p50_ms for latency in latencies],
        limit=_P99_TO_P50 if name.startswith(SERVICE) else Limit(),
    )


def memory(name: str, parts: Sequence[tuple[str, float]]) -> list[Figure]:
    """The memory in MB of a server in all, and of every process if it has several."""
    figures = [Figure(what=f"memory: {name}: all", unit="MB", values=[sum(mb for _, mb in parts)])]
    if len(parts) > 1:
        figures += [
            Figure(what=f"memory: {name}: process {number}, {part}", unit="MB", values=[mb])
            for number, (part, mb) in enumerate(parts, start=1)
        ]
    return figures


def _rows(
    what: str, service: Sequence[Throughput], baseline: str, compared: Sequence[Throughput], limit: Limit
) -> list[Comparison]:
    def row(which: str, unit: str, value: Callable[[Throughput], float]) -> Comparison:
        return Comparison.of(f"{what}, {which}", unit, value, service, compared, baseline=baseline, limit=limit)

    by_cpu = row("by CPU", "images/CPU s", lambda one: one.per_cpu_second)
    if baseline == DROPPING:  # the client is slower than an application that drops the body
        return [by_cpu]
    of_all = row("by CPU, store included", "images/CPU s", lambda one: one.per_cpu_second_of_all)
    return [by_cpu, of_all, row("by the clock", "images/s", lambda one: one.per_second)]
