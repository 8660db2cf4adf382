"""The threat model names a test for each threat, and these tests exist."""

import ast
import re

import pytest

from tests.support.documents import ROOT

_PAGE = (ROOT / "docs/explanation/threat-model.md").read_text(encoding="utf-8")
_NAMED = sorted(set(re.findall(r"`(tests/[^`]*?\.py)::(\w+)`", _PAGE)))


@pytest.mark.parametrize(("path", "name"), _NAMED)
def test_a_named_test_exists(path: str, name: str) -> None:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_threat_has_its_test() -> None:
    rows = [line for line in _PAGE.splitlines() if re.match(r"\| (?!threat|---)", line) and line.count("|") == 4]
    assert len(rows) > 20
    assert [row for row in rows if "`tests/" not in row] == []
