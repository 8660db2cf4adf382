"""Credentials for a registry."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from darkroom_vision.sources.failures import Refused
from darkroom_vision.sources.oci.credentials import credentials_for

AUTH = base64.b64encode(b"user:pass:word").decode()


def docker_config(**auths: Any) -> str:
    return json.dumps({"auths": {key.replace("_", "."): entry for key, entry in auths.items()}})


def basic(registry: str, environment: dict[str, str]) -> str | None:
    found = credentials_for(registry, {"HOME": "/nonexistent", **environment})
    return None if found is None else base64.b64decode(found.basic.removeprefix("Basic ")).decode()


@pytest.mark.parametrize("variable", [".dockerconfigjson", "DOCKER_AUTH_CONFIG"])
def test_a_docker_configuration_has_credentials_for_each_registry(variable: str) -> None:
    config = {variable: docker_config(ghcr_io={"auth": AUTH}, quay_io={"username": "me", "password": "mine"})}
    assert basic("ghcr.io", config) == "user:pass:word"
    assert basic("quay.io", config) == "me:mine"
    assert basic("example.org", config) is None


def test_variables_for_user_name_and_password_come_first() -> None:
    config = {"DOCKER_AUTH_CONFIG": docker_config(ghcr_io={"auth": AUTH})}
    assert basic("ghcr.io", {**config, "OCI_USERNAME": "me", "OCI_PASSWORD": "mine"}) == "me:mine"
    assert basic("ghcr.io", {**config, "OCI_USERNAME": "me"}) == "user:pass:word"


def test_keys_may_be_urls() -> None:
    config = json.dumps(
        {"auths": {"https://index.docker.io/v1/": {"auth": AUTH}, "https://ghcr.io/org": {"auth": AUTH}}}
    )
    assert basic("docker.io", {"DOCKER_AUTH_CONFIG": config}) == "user:pass:word"
    assert basic("ghcr.io", {"DOCKER_AUTH_CONFIG": config}) == "user:pass:word"


def test_the_file_of_docker_login_is_read(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(docker_config(ghcr_io={"auth": AUTH}))
    assert basic("ghcr.io", {"DOCKER_CONFIG": str(tmp_path)}) == "user:pass:word"
    assert basic("ghcr.io", {}) is None


def test_an_identity_token_is_kept() -> None:
    config = docker_config(ghcr_io={"auth": base64.b64encode(b"<token>:").decode(), "identitytoken": "refresh"})
    found = credentials_for("ghcr.io", {"DOCKER_AUTH_CONFIG": config})
    assert found is not None
    assert found.identity_token == "refresh"
    assert "refresh" not in repr(found)


@pytest.mark.parametrize(
    "content", ["secret", '["secret"]', '{"auths": {"r": "secret"}}', '{"auths": {"r": {"auth": "secret!"}}}']
)
def test_what_is_no_docker_configuration_is_refused_without_its_content(content: str) -> None:
    with pytest.raises(Refused, match=r"DOCKER_AUTH_CONFIG is not a Docker configuration") as raised:
        credentials_for("r", {"DOCKER_AUTH_CONFIG": content})
    assert "secret" not in str(raised.value)
