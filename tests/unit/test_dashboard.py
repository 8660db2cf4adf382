"""The chart's dashboard and alerts use only existing metrics."""

import json
import re

import pytest
import yaml
from prometheus_client import CollectorRegistry

from darkroom_inference.lifecycle.metrics import Metrics as WorkerMetrics
from darkroom_inference.process.fleet_metrics import FleetMetrics
from darkroom_ingestion.metrics import Metrics as IngestionMetrics
from darkroom_operator.runtime.metrics import Metrics as OperatorMetrics
from darkroom_operator.runtime.metrics import PipelineTally
from darkroom_operator.runtime.work_queue import WorkQueue
from darkroom_operator.scaling.registry import Registry
from tests.support.documents import ROOT

DASHBOARD = ROOT / "charts/darkroom/files/dashboard.json"
ALERTS = ROOT / "charts/darkroom/files/alerts.yaml"


def exposed(registry: CollectorRegistry) -> set[str]:
    """The metrics' names in Prometheus."""
    endings = {"counter": ["_total"], "info": ["_info"], "histogram": ["_bucket", "_sum", "_count"]}
    return {metric.name + end for metric in registry.collect() for end in endings.get(metric.type, [""])}


@pytest.fixture(scope="module")
def known() -> set[str]:
    """The metrics of all services."""
    operator = OperatorMetrics()
    operator.watch(WorkQueue(), PipelineTally(), Registry(), lambda: True)
    others = IngestionMetrics().registry, WorkerMetrics().registry, FleetMetrics().registry
    return exposed(operator.registry).union(*map(exposed, others))


def test_every_metric_of_the_dashboard_is_one_of_ours(known: set[str]) -> None:
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    shown = {name for panel in panels for t in panel["targets"] for name in re.findall(r"darkroom_\w+", t["expr"])}

    assert shown - known == set()
    assert len(shown) > 10


def test_every_metric_of_the_alerts_is_one_of_ours(known: set[str]) -> None:
    groups = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
    used = {name for group in groups for rule in group["rules"] for name in re.findall(r"darkroom_\w+", rule["expr"])}

    assert used - known == set()
    assert len(used) > 5
