"""The reference page of the metrics, generated from the services' registries."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric

import darkroom_inference.lifecycle.metrics
import darkroom_inference.process.fleet_metrics
import darkroom_ingestion.metrics
import darkroom_operator.runtime.metrics
from darkroom_operator.runtime.work_queue import WorkQueue
from darkroom_operator.scaling.registry import Registry

_SUFFIXES = {"counter": "_total", "info": "_info"}

_HEAD = """# Metrics

All services serve metrics in the Prometheus text format at `/metrics`. If the Prometheus Operator is installed, the
chart creates ServiceMonitors and the operator creates PodMonitors. Histograms have the usual `_bucket`, `_sum` and
`_count`. The chart has a dashboard (`grafanaDashboard.enabled`) and alerts (`prometheusRule.enabled`), each with a
[runbook](../how-to/runbooks). A worker that runs its loops in several processes adds the label `process` to the metrics
of each. This page is generated.

| question | metric |
| --- | --- |
| Does a stage keep up? | `darkroom_worker_end_to_end_seconds` |
| Do images fail? | `darkroom_worker_images_total{outcome="failed"}`, by reason |
| Do workers lack the GPU or runtime that their stage asks for? | `darkroom_worker_execution_info{fallback="true"}` |
| Have workers lost the connection to Kafka? | `darkroom_worker_brokers_connected == 0` |
| Do images or faults end processes of workers? | `darkroom_worker_process_ends_total` |
| Does the ingestion service refuse images? | `darkroom_images_refused_total`, by reason |
| Are results delayed? | `darkroom_store_lag`, `darkroom_store_writable == 0` |
| Which pipelines are not ready? | `darkroom_operator_pipelines{condition="Ready", status="False"}`, by reason |
"""


def metrics_page() -> str:
    """The page, as Markdown."""
    operator = darkroom_operator.runtime.metrics.Metrics()
    operator.watch(WorkQueue(), darkroom_operator.runtime.metrics.PipelineTally(), Registry(), lambda: True)
    parts = [
        ("Worker", darkroom_inference.lifecycle.metrics.Metrics().registry),
        ("Worker of several processes", darkroom_inference.process.fleet_metrics.FleetMetrics().registry),
        ("Ingestion service", darkroom_ingestion.metrics.Metrics().registry),
        ("Operator", operator.registry),
    ]
    return "\n".join([_HEAD, *(line for title, registry in parts for line in _table(title, registry))])


def _table(title: str, registry: CollectorRegistry) -> Iterator[str]:
    yield from (f"## {title}", "", "| metric | type | labels | description |", "| --- | --- | --- | --- |")
    for metric in registry.collect():
        if metric.name.startswith("darkroom_"):
            name = metric.name + _SUFFIXES.get(metric.type, "")
            labels = ", ".join(f"`{label}`" for label in _labels(registry, metric))
            yield f"| `{name}` | {metric.type} | {labels} | {metric.documentation} |"
    yield ""


def _labels(registry: CollectorRegistry, metric: Metric) -> tuple[str, ...]:
    """The labels of a metric, from its collector: a metric that was never set has no samples."""
    collector = registry._names_to_collectors.get(metric.name, metric)  # noqa: SLF001 - there is no other way
    return tuple(getattr(collector, "_labelnames", getattr(metric, "_labelnames", ())))
