"""Token files: callers and rights."""

import asyncio
import json
from pathlib import Path
from typing import Any

from structlog.testing import capture_logs

from darkroom.access.right import Right
from darkroom.access.token_file import token_digest
from darkroom_ingestion.access.caller import Caller
from darkroom_ingestion.access.token_file import TokenFile

TOKEN = "a-token-of-alice-1"
ALICE = Caller("alice", method="TokenFile")


def write(folder: Path, *entries: dict[str, Any]) -> Path:
    file = folder / "tokens.json"
    file.write_text(json.dumps({"tokens": entries}))
    file.chmod(0o600)
    return file


def entry(**fields: Any) -> dict[str, Any]:
    return {"name": "alice", "token": TOKEN, "pipelines": ["demo/*"], "rights": ["Read"]} | fields


def may(file: TokenFile, right: Right, namespace: str, name: str = "digits") -> bool:
    return asyncio.run(file.may(ALICE, right, namespace, name))


def test_a_caller_has_the_rights_of_its_entries(tmp_path: Path) -> None:
    more = entry(
        token=None, sha256=token_digest("another-token-of-alice").hex(), pipelines=["*/faces"], rights=["Submit"]
    )
    file = TokenFile(write(tmp_path, entry(), more))

    assert asyncio.run(file.caller_of(TOKEN)) == asyncio.run(file.caller_of("another-token-of-alice")) == ALICE
    assert asyncio.run(file.caller_of("no-such-token-at-all")) is None
    assert may(file, Right.READ, "demo")
    assert not may(file, Right.SUBMIT, "demo")
    assert not may(file, Right.READ, "demo2")
    assert may(file, Right.SUBMIT, "other", "faces")


def test_yaml_is_read_too(tmp_path: Path) -> None:
    file = tmp_path / "tokens.yaml"
    file.write_text(f"tokens:\n- {{name: alice, token: {TOKEN}, pipelines: ['*/*'], rights: [Redrive]}}\n")
    assert may(TokenFile(file), Right.REDRIVE, "demo")


def test_users_and_groups_have_the_rights_of_their_entries_only(tmp_path: Path) -> None:
    rights = {"pipelines": ["demo/*"], "rights": ["Read"]}
    file = TokenFile(
        write(
            tmp_path, *({kind: "ops", **rights} for kind in ("oidcUser", "proxyGroup")), {"oidcGroup": "all", **rights}
        )
    )

    def may(caller: Caller) -> bool:
        return asyncio.run(file.may(caller, Right.READ, "demo", "digits"))

    assert may(Caller("ops", method="Oidc"))
    assert may(Caller("zoe", ("all",), "Oidc"))
    assert may(Caller("zoe", ("x", "ops"), "Proxy"))
    assert not may(Caller("ops", method="Proxy"))
    assert not may(Caller("ops", method="TokenFile"))
    assert not may(Caller("zoe", ("ops",), "Oidc"))
    assert not may(Caller("all", method="Oidc"))


def test_a_file_with_tokens_that_others_can_read_is_warned_about(tmp_path: Path) -> None:
    file = write(tmp_path, entry())
    file.chmod(0o644)
    with capture_logs() as logs:
        TokenFile(file)
    assert [line["log_level"] for line in logs] == ["warning"]


def test_a_file_with_digests_only_is_not(tmp_path: Path) -> None:
    file = write(tmp_path, entry(token=None, sha256="0" * 64))
    file.chmod(0o644)
    with capture_logs() as logs:
        TokenFile(file)
    assert not logs
