"""Count the structure of the code: rooms, floors, upward imports, import cycles, long modules and full folders.

A room is a folder with modules, and `floors` is the longest chain of imports in a package. An import runs upward if it
breaks a `layers` contract in the pyproject.toml of the same commit.
"""

import argparse
import functools
import io
import itertools
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import grimp

ROOT = Path(__file__).parents[1]
LONGEST_MODULE = 300
FULLEST_FOLDER = 15
_SOURCES = ("kind", "models", "operator", "scripts", "services", "tests", "benchmarks")


def main() -> None:
    """Count the working tree or a commit, and print the report."""
    parser = argparse.ArgumentParser(prog="python -m scripts.structure", description=__doc__)
    parser.add_argument("--at", metavar="COMMIT", help="count this commit, not the working tree")
    commit = parser.parse_args().at
    if commit is None:
        report(ROOT)
        return
    with tempfile.TemporaryDirectory(prefix="darkroom-structure-") as folder:
        archive = subprocess.run(["git", "-C", str(ROOT), "archive", commit], capture_output=True, check=True).stdout
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            tar.extractall(folder, filter="data")
        report(Path(folder))


def report(root: Path) -> None:
    """Print the numbers of every package below `root`, then the modules and folders that are too large."""
    folders = sorted(init.parent for init in root.glob("**/src/*/__init__.py") if ".venv" not in init.parts)
    sys.path[:0] = [str(folder.parent) for folder in folders]
    graph = grimp.build_graph(*(folder.name for folder in folders), cache_dir=None)
    upward = list(upward_imports(graph, root / "pyproject.toml"))
    print(f"{'package':<22}{'modules':>8}{'rooms':>7}{'fullest room':>14}{'floors':>8}{'upward':>8}{'cycles':>8}")
    for folder in folders:
        rooms = Counter(file.parent for file in folder.rglob("*.py") if file.name != "__init__.py")
        floors, cycles = chains(graph, folder.name)
        wrong = sum(importer.partition(".")[0] == folder.name for importer, _ in upward)
        numbers = f"{sum(rooms.values()):>8}{len(rooms):>7}{max(rooms.values()):>14}{floors:>8}{wrong:>8}"
        print(f"{folder.name:<22}{numbers}{len(cycles):>8}")
        for cycle in cycles:
            print(f"  cycle: {', '.join(sorted(cycle))}")
    for importer, imported in upward:
        print(f"upward: {importer} imports {imported}")
    files = [file for source in _SOURCES for file in sorted((root / source).rglob("*.py")) if ".venv" not in file.parts]
    for file in files:
        if (lines := len(file.read_text(encoding="utf-8").splitlines())) > LONGEST_MODULE:
            print(f"over {LONGEST_MODULE} lines: {file.relative_to(root)}, {lines}")
    for folder, modules in Counter(file.parent for file in files if file.name != "__init__.py").items():
        if modules > FULLEST_FOLDER:
            print(f"over {FULLEST_FOLDER} modules: {folder.relative_to(root)}, {modules}")


def chains(graph: grimp.ImportGraph, package: str) -> tuple[int, list[frozenset[str]]]:
    """The longest chain of imports within `package`, in modules, and its cycles; a cycle counts as one module."""

    @functools.cache
    def knot(module: str) -> frozenset[str]:
        return frozenset((graph.find_upstream_modules(module) & graph.find_downstream_modules(module)) | {module})

    @functools.cache
    def height(modules: frozenset[str]) -> int:
        below = {imported for module in modules for imported in graph.find_modules_directly_imported_by(module)}
        return 1 + max((height(knot(module)) for module in below - modules if within(package, module)), default=0)

    knots = {knot(module) for module in graph.modules if within(package, module)}
    return max(map(height, knots)), [found for found in knots if len(found) > 1]


def upward_imports(graph: grimp.ImportGraph, pyproject: Path) -> Iterator[tuple[str, str]]:
    """Imports of a higher layer, or of an independent layer on the same floor, by the `layers` contracts."""
    settings: dict[str, Any] = tomllib.loads(pyproject.read_text(encoding="utf-8"))["tool"]["importlinter"]
    for contract in settings["contracts"]:
        for container in contract.get("containers", [""]) if contract["type"] == "layers" else []:
            layers = layers_of(container, contract["layers"])
            for importer, imported in itertools.product(sorted(graph.modules), repeat=2):
                upper, lower = (next((x for x in layers if within(x.name, m)), None) for m in (importer, imported))
                if upper is None or lower is None or upper == lower:
                    continue
                wrong = upper.floor < lower.floor or (upper.floor == lower.floor and upper.independent)
                if wrong and graph.direct_import_exists(importer=importer, imported=imported):
                    yield importer, imported


class Layer(NamedTuple):
    """A module or package on a floor, counted from the bottom; `independent` of the others there, or not."""

    name: str
    floor: int
    independent: bool


def layers_of(container: str, lines: list[str]) -> list[Layer]:
    """The layers of a contract. Layers on one floor are separated by `|` if they are independent, else by `:`."""
    prefix = f"{container}." if container else ""
    return [
        Layer(prefix + name.strip(" ()"), floor, "|" in line)
        for floor, line in enumerate(reversed(lines))
        for name in line.replace("|", ":").split(":")
    ]


def within(package: str, module: str) -> bool:
    """Whether `module` is `package` or inside it."""
    return module == package or module.startswith(f"{package}.")


if __name__ == "__main__":
    main()
