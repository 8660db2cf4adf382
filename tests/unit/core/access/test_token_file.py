"""Token files: what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from darkroom.access.token_file import BadTokenFile, read_entries

TOKEN = "a-token-of-alice-1"


def write(folder: Path, *entries: dict[str, Any]) -> Path:
    file = folder / "tokens.json"
    file.write_text(json.dumps({"tokens": entries}))
    return file


def entry(**fields: Any) -> dict[str, Any]:
    return {"name": "alice", "token": TOKEN, "pipelines": ["demo/*"], "rights": ["Read"]} | fields


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (entry(token="short"), "at least 16 characters"),
        (entry(token=None), "set one of token, sha256, oidcUser"),
        (entry(sha256="0" * 64), "set one of token, sha256, oidcUser"),
        (entry(token=None, sha256="0"), "sha256"),
        (entry(pipelines=["demo"]), "pipelines.0"),
        (entry(rights=["Write"]), "rights.0"),
        (entry(role="admin"), "role"),
        (entry(name=""), "name"),
        (entry(name=None), "a name belongs to a token"),
        (entry(oidcUser="alice"), "set one of token"),
        (entry(token=None, proxyUser="alice"), "a name belongs to a token"),
    ],
)
def test_an_invalid_file_is_refused_without_quoting_tokens(tmp_path: Path, wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(BadTokenFile) as refused:
        read_entries(write(tmp_path, wrong))
    assert words in str(refused.value)
    assert TOKEN not in str(refused.value)


def test_two_callers_with_one_token_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadTokenFile, match="alice and bob have the same token"):
        read_entries(write(tmp_path, entry(), entry(name="bob")))


def test_a_file_that_is_not_yaml_is_refused_without_quoting_it(tmp_path: Path) -> None:
    file = tmp_path / "tokens.yaml"
    file.write_text(f"tokens:\n- token: {TOKEN}: x\n")
    with pytest.raises(BadTokenFile, match="not valid YAML at line 2") as refused:
        read_entries(file)
    assert TOKEN not in str(refused.value)
