"""docs/reference/operator.md lists all reasons, options and metrics of the operator."""

import re
from pathlib import Path

import pytest

from darkroom_operator.config import parse_config
from darkroom_operator.reconcile.workers import PROBLEM_PRIORITY
from darkroom_operator.runtime.metrics import Metrics, PipelineTally
from darkroom_operator.runtime.work_queue import WorkQueue
from darkroom_operator.scaling.registry import Registry

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "reference" / "operator.md").read_text(encoding="utf-8")
SOURCES = sorted((ROOT / "operator" / "src").rglob("*.py"))


def test_every_reason_is_explained() -> None:
    said = {
        reason
        for source in SOURCES
        for reason in re.findall(r'(?:reason=|_missing\(\s*|_unavailable\(\s*)"([A-Z]\w+)"', source.read_text())
    }
    said |= set(PROBLEM_PRIORITY[:3]) | {"Unschedulable", "QuotaExceeded", "PodsRefused", "WaitingForTopics"}
    assert len(said) > 25
    assert {reason for reason in said if f"`{reason}`" not in PAGE} == set()


def test_every_option_is_listed_and_every_listed_option_exists(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse_config(["--help"], {})
    options = set(re.findall(r"--[a-z-]+", capsys.readouterr().out)) - {"--help"}
    assert options == set(re.findall(r"`(--[a-z-]+)`", PAGE))


def test_every_metric_is_listed() -> None:
    metrics = Metrics()
    metrics.watch(WorkQueue(), PipelineTally(), Registry(), lambda: True)
    names = {family.name for family in metrics.registry.collect()}
    assert {name for name in names if f"`{name}" not in PAGE} == set()
