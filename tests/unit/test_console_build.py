"""The script that builds the console."""

import json
from pathlib import Path

import pytest

from scripts.node import is_new_enough

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("version", "new_enough"),
    [
        *[(version, True) for version in ("v20.20.2\n", "v22.12.0", "v24.0.0")],
        *[(version, False) for version in ("v20.18.3", "v22.11.9", "v21.7.0", "v18.20.0", "", "20.20.2")],
    ],
)
def test_a_node_is_used_if_vite_supports_it(version: str, new_enough: bool) -> None:
    assert is_new_enough(version) is new_enough


def test_the_console_s_versions_are_pinned_and_locked() -> None:
    package = json.loads((ROOT / "console/package.json").read_text(encoding="utf-8"))
    versions = {**package["dependencies"], **package["devDependencies"]}
    lock = (ROOT / "console/package-lock.json").read_text(encoding="utf-8")
    assert all(version[0].isdigit() for version in versions.values()), "not exact"
    assert '"resolved"' not in lock, "the lock names a registry: npm install with omit-lockfile-registry-resolved"
    assert all(name in (ROOT / "docs/dependencies.md").read_text(encoding="utf-8") for name in versions)
