"""The chart's dashboard uses only existing metrics."""

import json
import re

from prometheus_client import CollectorRegistry

from darkroom_inference.lifecycle.metrics import Metrics as WorkerMetrics
from darkroom_ingestion.metrics import Metrics as IngestionMetrics
from darkroom_operator.runtime.metrics import Metrics as OperatorMetrics
from darkroom_operator.runtime.metrics import PipelineTally
from darkroom_operator.runtime.work_queue import WorkQueue
from tests.support.documents import ROOT

DASHBOARD = ROOT / "charts/darkroom/files/dashboard.json"


def exposed(registry: CollectorRegistry) -> set[str]:
    """The metrics' names in Prometheus."""
    endings = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}
    return {metric.name + end for metric in registry.collect() for end in endings.get(metric.type, [""])}


def test_every_metric_of_the_dashboard_is_one_of_ours() -> None:
    operator = OperatorMetrics()
    operator.watch(WorkQueue(), PipelineTally(), lambda: True)
    known = exposed(operator.registry) | exposed(IngestionMetrics().registry) | exposed(WorkerMetrics().registry)

    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    shown = {name for panel in panels for t in panel["targets"] for name in re.findall(r"darkroom_\w+", t["expr"])}

    assert shown - known == set()
    assert len(shown) > 10
