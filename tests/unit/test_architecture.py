"""docs/explanation/architecture.md agrees with the source: its paths exist, its layers are those of import-linter."""

import re
import tomllib
from itertools import pairwise
from typing import Any

import pytest

from tests.support.documents import ROOT

PAGE = (ROOT / "docs/explanation/architecture.md").read_text(encoding="utf-8")
SOURCES = [ROOT, ROOT / "operator/src", *ROOT.glob("services/*/src")]
PATHS = sorted(set(re.findall(r"`([\w./-]+/[\w./-]+)`", PAGE)))
LAYERS = re.findall(r"^\| `(\w+)` \| (`.*→.*) \|$", PAGE, re.MULTILINE)


def test_the_page_names_paths_and_layers() -> None:
    assert len(PATHS) > 50
    assert len(LAYERS) == 6


@pytest.mark.parametrize("path", PATHS)
def test_a_path_exists(path: str) -> None:
    assert any((source / path).exists() for source in SOURCES)


@pytest.mark.parametrize(("package", "row"), LAYERS)
def test_layers_are_in_the_order_that_import_linter_checks(package: str, row: str) -> None:
    floor = {name: i for i, layer in enumerate(_layers(package)) for name in re.split(r"\W+", layer)}
    named = [re.findall(r"`(\w+)`", layer) for layer in row.split("→")]
    for upper, lower in pairwise([floor[name] for name in layer] for layer in named if layer):
        assert max(upper) < min(lower)


def _layers(package: str) -> list[str]:
    linter: Any = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    (layers,) = (c["layers"] for c in linter["contracts"] if c["type"] == "layers" and c["containers"] == [package])
    return list(layers)
