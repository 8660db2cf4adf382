"""The script that counts the structure of the code."""

from pathlib import Path

import grimp

from scripts.structure import chains, upward_imports

CONTRACT = """
[[tool.importlinter.contracts]]
type = "layers"
containers = ["house"]
layers = ["roof", "left | right", "one : two", "ground"]
"""


def graph_of(*imports: tuple[str, str]) -> grimp.ImportGraph:
    graph = grimp.ImportGraph()
    for importer, imported in imports:
        graph.add_import(importer=f"house.{importer}", imported=f"house.{imported}")
    return graph


def test_a_chain_counts_its_modules_and_a_cycle_counts_as_one() -> None:
    graph = graph_of(("roof", "left"), ("left", "one"), ("one", "two"), ("two", "one"), ("two", "ground"))
    assert chains(graph, "house") == (4, [frozenset({"house.one", "house.two"})])


def test_an_import_runs_upward_if_it_breaks_the_layers(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(CONTRACT, encoding="utf-8")
    down = [("roof", "left.a"), ("left.a", "left.b"), ("one", "two"), ("two", "one"), ("roof", "ground")]
    up = [("ground.a", "roof"), ("left.a", "right"), ("two", "left.b")]
    found = list(upward_imports(graph_of(*down, *up), tmp_path / "pyproject.toml"))
    assert found == [(f"house.{importer}", f"house.{imported}") for importer, imported in up]
