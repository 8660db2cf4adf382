"""The import contracts hold, and each detects the imports that it forbids."""

from collections.abc import Iterator
from copy import deepcopy
from itertools import pairwise, permutations
from pathlib import Path
from typing import Any

import grimp
import pytest
from importlinter.api import read_configuration
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.independence import IndependenceContract
from importlinter.contracts.layers import LayersContract

CONFIGURATION = read_configuration(str(Path(__file__).parents[2] / "pyproject.toml"))
CONTRACTS: dict[str, dict[str, Any]] = {options["name"]: options for options in CONFIGURATION["contracts_options"]}
KINDS = {"forbidden": ForbiddenContract, "independence": IndependenceContract, "layers": LayersContract}


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    packages = CONFIGURATION["session_options"]["root_packages"]
    return grimp.build_graph(*packages, include_external_packages=True, cache_dir=None)


def is_kept(name: str, graph: grimp.ImportGraph) -> bool:
    options = CONTRACTS[name]
    contract = KINDS[options["type"]](name, CONFIGURATION["session_options"], options)
    return bool(contract.check(deepcopy(graph), verbose=False).kept)


def forbidden_imports(options: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(importer, imported) of minimal violations, enough for every line of the contract."""
    match options["type"]:
        case "forbidden":
            for source in options["source_modules"]:
                yield from ((source, forbidden) for forbidden in options["forbidden_modules"])
        case "independence":
            yield from permutations(options["modules"], 2)
        case "layers":
            for container in options["containers"]:
                floors = [floor.replace("|", ":").split(":") for floor in options["layers"]]
                for upper, lower in pairwise(floors):
                    yield f"{container}.{lower[0].strip()}", f"{container}.{upper[0].strip()}"
                for floor in options["layers"]:
                    rooms = [room.strip() for room in floor.split("|")]
                    yield from ((f"{container}.{one}", f"{container}.{other}") for one, other in pairwise(rooms))


@pytest.mark.parametrize("name", CONTRACTS)
def test_a_contract_is_kept_and_broken_by_each_import_that_it_forbids(name: str, graph: grimp.ImportGraph) -> None:
    assert is_kept(name, graph)
    imports = list(forbidden_imports(CONTRACTS[name]))
    assert imports
    for importer, imported in imports:
        broken = deepcopy(graph)
        broken.add_import(importer=importer, imported=imported)
        assert not is_kept(name, broken), f"{importer} may import {imported}"


@pytest.mark.parametrize("name", [name for name, options in CONTRACTS.items() if options.get("exhaustive")])
def test_an_exhaustive_contract_is_broken_by_a_module_that_has_no_floor(name: str, graph: grimp.ImportGraph) -> None:
    for container in CONTRACTS[name]["containers"]:
        broken = deepcopy(graph)
        broken.add_module(f"{container}.homeless")
        assert not is_kept(name, broken)


def test_every_package_has_floors() -> None:
    floors = {container for options in CONTRACTS.values() for container in options.get("containers", ())}
    assert floors >= set(CONFIGURATION["session_options"]["root_packages"])
