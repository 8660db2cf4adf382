"""Prometheus metrics of the operator."""

import threading
from collections import Counter as Tally
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from darkroom.api.status import Status
from darkroom_operator.kube.keys import PipelineKey
from darkroom_operator.kube.kinds import Kind
from darkroom_operator.runtime.work_queue import WorkQueue

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The operator's metrics, in a separate registry; gauges are read at scrape time."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._reconciles = Counter(
            "darkroom_operator_reconciles", "Reconciliations by outcome.", ["outcome"], registry=self.registry
        )
        self._seconds = Histogram(
            "darkroom_operator_reconcile_seconds",
            "Duration of a reconciliation in seconds.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._requests = Counter(
            "darkroom_operator_api_requests",
            "Requests to the API server by verb, kind and HTTP status (0: no response).",
            ["verb", "kind", "status"],
            registry=self.registry,
        )

    def reconciled(self, outcome: str, seconds: float) -> None:
        """Count a reconciliation that has ended."""
        self._reconciles.labels(outcome).inc()
        self._seconds.observe(seconds)

    def requested(self, verb: str, kind: Kind, status: int) -> None:
        """Count a request to the API server."""
        self._requests.labels(verb, kind.name, str(status)).inc()

    def watch(self, queue: WorkQueue, pipelines: "PipelineTally", is_leader: Callable[[], bool]) -> None:
        """Add the gauges of `queue`, `pipelines` and leadership."""
        self.registry.register(_Gauges(queue, pipelines, is_leader))


class PipelineTally:
    """The latest conditions of every pipeline. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._conditions: dict[PipelineKey, tuple[tuple[str, str, str], ...]] = {}

    def note(self, key: PipelineKey, status: Status | None) -> None:
        """Record the status of the pipeline `key`; None if it no longer exists."""
        with self._lock:
            if status is None:
                self._conditions.pop(key, None)
            else:
                self._conditions[key] = tuple((c.type, c.status, c.reason) for c in status.conditions)

    def count(self) -> Tally[tuple[str, str, str]]:
        """The number of pipelines with each condition type, status and reason."""
        with self._lock:
            return Tally(condition for conditions in self._conditions.values() for condition in conditions)


class _Gauges(Collector):
    def __init__(self, queue: WorkQueue, pipelines: PipelineTally, is_leader: Callable[[], bool]) -> None:
        self._queue = queue
        self._pipelines = pipelines
        self._is_leader = is_leader

    def collect(self) -> Iterator[Metric]:
        """The current values."""
        yield _gauge(
            "darkroom_operator_queue_length",
            "Pipelines that wait for a reconciliation or are being reconciled.",
            len(self._queue),
        )
        yield _gauge(
            "darkroom_operator_queue_age_seconds",
            "Seconds since the oldest of them was queued.",
            self._queue.oldest_s(),
        )
        yield _gauge("darkroom_operator_leads", "Whether this replica is the leader (1) or not (0).", self._is_leader())
        pipelines = GaugeMetricFamily(
            "darkroom_operator_pipelines", "Pipelines by condition.", labels=["condition", "status", "reason"]
        )
        for condition, count in self._pipelines.count().items():
            pipelines.add_metric(condition, count)
        yield pipelines


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=float(value))
