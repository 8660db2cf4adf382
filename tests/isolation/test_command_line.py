"""The command line with the token of a namespace."""

from pathlib import Path

import pytest
import yaml

from tests.support.isolation.tenants import Tenant
from tests.support.services.command_line import IMAGES, Ran, darkroom

IMAGE = IMAGES / "digit-0011-label-one.jpg"


@pytest.fixture
def token_file(ours: Tenant, tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text(ours.token + "\n")
    return file


def run(tenant: Tenant, *arguments: str | Path) -> Ran:
    ran = darkroom(*arguments, url=f"http://127.0.0.1:{tenant.service.port}")
    assert tenant.token not in ran.out + ran.err
    return ran


def named(tenant: Tenant) -> str:
    return f"{tenant.ids['namespace']}/{tenant.ids['name']}"


def test_a_token_selects_the_pipelines_of_its_namespace(ours: Tenant, token_file: Path) -> None:
    sent = run(ours, "submit", IMAGE, "--json", "--token-file", token_file)
    assert sent.code == 0, sent.err
    assert sent.json[0]["topic"] == ours.pipeline.images_topic


def test_a_pipeline_of_another_namespace_is_refused_with_what_is_missing(
    ours: Tenant, theirs: Tenant, token_file: Path
) -> None:
    images = theirs.images()
    sent = run(ours, "submit", IMAGE, "--pipeline", named(theirs), "--token-file", token_file)
    assert sent.code == 1
    assert f"it takes the right Submit: ask an administrator of the service for rights on pipeline {named(theirs)}" in (
        " ".join(sent.err.split())
    )
    for command in ("results", "dead-letters"):
        read = run(ours, command, "--pipeline", named(theirs), "--token-file", token_file)
        assert (read.code, read.out) == (1, "")
    assert theirs.images() == images


def test_without_a_token_the_ways_to_give_one_are_named(ours: Tenant) -> None:
    ran = run(ours, "submit", IMAGE)
    assert ran.code == 1
    assert "give a token with --token-file, DARKROOM_TOKEN_FILE or DARKROOM_TOKEN" in ran.err


def test_doctor_says_whose_the_token_is_and_what_it_allows(ours: Tenant, token_file: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "pipeline.yaml"
    manifest.write_text(yaml.safe_dump(ours.pipeline.manifest))
    where = ("--url", f"http://127.0.0.1:{ours.service.port}", "--file", manifest, "--json")
    found = {one["check"]: one for one in run(ours, "doctor", *where, "--token-file", token_file).json["checks"]}
    assert found["access"]["message"] == f"the service accepts the token of {ours.ids['namespace']} (TokenFile)"
    assert found[f"access to {named(ours)}"]["message"] == "Submit, Read, ReadDeadLetters, Redrive"
    found = {one["check"]: one for one in run(ours, "doctor", *where).json["checks"]}
    assert found["access"]["state"] == "Problem"
    assert "give a token with --token-file" in found["access"]["message"]
