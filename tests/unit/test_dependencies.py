"""Every dependency is documented with a reason."""

import re
import tomllib
from itertools import chain

import pytest

from tests.support.documents import ROOT

REASONS = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8").lower()


def requirements() -> list[str]:
    """The names of all required packages, without the project's own and stubs."""
    names = set()
    for file in [
        ROOT / "pyproject.toml",
        *ROOT.glob("services/*/pyproject.toml"),
        *ROOT.glob("operator/pyproject.toml"),
    ]:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
        project = content["project"]
        extras, groups = project.get("optional-dependencies", {}), content.get("dependency-groups", {})
        for requirement in chain(project["dependencies"], *extras.values(), *groups.values()):
            names.add(re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0].lower())
    return sorted(name for name in names if not name.startswith(("darkroom", "types-")))


@pytest.mark.parametrize("name", requirements())
def test_a_dependency_has_its_reason(name: str) -> None:
    assert re.search(rf"(?<![\w-]){re.escape(name)}(?!\w)", REASONS), f"docs/dependencies.md does not say why {name}"
