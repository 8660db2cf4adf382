"""The chart passes `helm lint --strict` with every combination of values, and has what `ct lint` looks for."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from darkroom import __version__
from tests.cluster.chart.test_kubernetes_versions import OLDEST
from tests.cluster.chart.test_rendering import COMBINATIONS, within
from tests.support.chart import CHART, Helm

_SEMVER = r"\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?"


@pytest.mark.parametrize("combination", COMBINATIONS)
def test_helm_finds_nothing_to_complain_about(combination: str, tmp_path: Path) -> None:
    assert "0 chart(s) failed" in Helm(tmp_path).lint(within("kafka", COMBINATIONS[combination]))


def test_the_chart_describes_itself() -> None:
    chart: dict[str, Any] = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    assert chart["version"] == chart["appVersion"] == __version__
    assert re.fullmatch(_SEMVER, chart["version"])
    assert chart["kubeVersion"] == f">=1.{OLDEST}.0-0"
    assert [maintainer["name"] for maintainer in chart["maintainers"]]
    assert chart["type"] == "application"
    assert chart["description"]


def test_every_value_has_its_schema() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    schema = yaml.safe_load((CHART / "values.schema.json").read_text(encoding="utf-8"))
    assert sorted(without_schema(values, schema, schema)) == []


def without_schema(values: Any, schema: Any, root: Any, path: str = "") -> list[str]:
    """The paths of values that the schema does not name."""
    if "$ref" in schema:
        return without_schema(values, definition(schema["$ref"], root), root, path)
    if not isinstance(values, dict) or "properties" not in schema:
        return []
    return [
        problem
        for name, value in values.items()
        for problem in (
            without_schema(value, schema["properties"][name], root, f"{path}.{name}")
            if name in schema["properties"]
            else [f"{path}.{name}"]
        )
    ]


def definition(reference: str, root: Any) -> Any:
    found = root
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found
