"""Prometheus metrics of the operator."""

import threading
from collections import Counter as Tally
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from darkroom.api.status import Status
from darkroom.scaling.decision import Reason
from darkroom_operator.kube.keys import PipelineKey
from darkroom_operator.kube.kinds import Kind
from darkroom_operator.runtime.work_queue import WorkQueue
from darkroom_operator.scaling.registry import Registry

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

        self._decisions = Counter(
            "darkroom_operator_scaling_decisions",
            "Decisions about the number of workers of a stage, by reason.",
            ["reason"],
            registry=self.registry,
        )

    def decided(self, reason: str) -> None:
        """Count a decision about the number of workers of a stage."""
        self._decisions.labels(reason).inc()

    def reconciled(self, outcome: str, seconds: float) -> None:
        """Count a reconciliation that has ended."""
        self._reconciles.labels(outcome).inc()
        self._seconds.observe(seconds)

    def requested(self, verb: str, kind: Kind, status: int) -> None:
        """Count a request to the API server."""
        self._requests.labels(verb, kind.name, str(status)).inc()

    def watch(
        self, queue: WorkQueue, pipelines: "PipelineTally", scaling: Registry, is_leader: Callable[[], bool]
    ) -> None:
        """Add the gauges of `queue`, `pipelines`, leadership and `scaling`."""
        self.registry.register(_Gauges(queue, pipelines, is_leader))
        self.registry.register(_Scaling(scaling))


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


class _Scaling(Collector):
    def __init__(self, scaling: Registry) -> None:
        self._scaling = scaling

    def collect(self) -> Iterator[Metric]:
        """The last decision for every stage. A number that is unknown has no sample."""
        labels = ["namespace", "pipeline", "stage"]
        desired = GaugeMetricFamily(
            "darkroom_operator_scaling_desired", "Desired workers of a stage with autoscaling.", labels=labels
        )
        lag = GaugeMetricFamily(
            "darkroom_operator_scaling_lag", "Images that wait for a stage with autoscaling.", labels=labels
        )
        rate = GaugeMetricFamily(
            "darkroom_operator_scaling_rate_per_second",
            "Images that arrive per second for a stage with autoscaling.",
            labels=labels,
        )
        overloaded = GaugeMetricFamily(
            "darkroom_operator_scaling_overloaded",
            "Whether a stage has all workers that it may have, and the images that wait become more (1), or not (0).",
            labels=labels,
        )
        for key, stage, report in self._scaling.all_reports():
            values = (key.namespace, key.name, stage)
            desired.add_metric(values, report.status.desired)
            at_limit = report.status.reason in {Reason.AT_MAXIMUM, Reason.AT_PARTITIONS}
            overloaded.add_metric(values, at_limit and report.status.drain_seconds is None)
            if report.status.lag is not None:
                lag.add_metric(values, report.status.lag)
            if report.status.rate_per_second is not None:
                rate.add_metric(values, report.status.rate_per_second)
        yield from (desired, lag, rate, overloaded)


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=float(value))
