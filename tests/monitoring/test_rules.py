"""The alerts as files: their metrics exist, each has a runbook, and each is tried against a failure."""

import re
from typing import Any

import pytest
import yaml

from tests.support.documents import ROOT
from tests.support.monitoring.prometheus import RULES

RUNBOOKS = ROOT / "docs/how-to/runbooks"
ALERTS: list[dict[str, Any]] = [
    rule for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]
]


@pytest.mark.parametrize("alert", ALERTS, ids=[alert["alert"] for alert in ALERTS])
def test_an_alert_has_a_runbook_and_a_test(alert: dict[str, Any]) -> None:
    name = alert["alert"]
    assert alert["labels"]["severity"] in {"warning", "critical"}
    assert set(alert["annotations"]) == {"summary", "description", "runbook_url"}
    runbook = RUNBOOKS / alert["annotations"]["runbook_url"].removeprefix("RUNBOOKS/")
    assert runbook.read_text(encoding="utf-8").startswith(f"# {name}\n")
    tests = [path for path in (ROOT / "tests/monitoring").glob("test_*.py") if name in path.read_text(encoding="utf-8")]
    assert tests, f"{name} is not tried against a failure"


def test_every_runbook_is_that_of_an_alert() -> None:
    named = {re.sub("RUNBOOKS/", "", alert["annotations"]["runbook_url"]) for alert in ALERTS}
    assert {path.name for path in RUNBOOKS.glob("*.md")} == named
