"""Credentials for a real registry: basic authentication, and tokens of a token service."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from darkroom.backoff import Backoff
from darkroom_vision.sources.failures import ModelUnavailable
from darkroom_vision.sources.files import local_file
from tests.support.model_servers.front import front
from tests.support.model_servers.push import oras_file, push
from tests.support.model_servers.registry import BASIC, PASSWORD, USERNAME, Registry, htpasswd
from tests.support.model_servers.token_service import TokenService, token_service

MODEL = b"a private model"
LOCAL_TOKEN_SERVICE = {"DARKROOM_ALLOW_PRIVATE_REDIRECTS": "127.0.0.0/8"}


@pytest.fixture(scope="module")
def basic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    folder = tmp_path_factory.mktemp("basic")
    with Registry(folder, htpasswd(folder)) as registry:
        push(registry.url, "private", "v1", [oras_file("m.onnx", MODEL)], headers={"Authorization": BASIC})
        yield registry


@pytest.fixture(scope="module")
def tokens() -> Iterator[TokenService]:
    with token_service() as service:
        yield service


@pytest.fixture(scope="module")
def bearer(tmp_path_factory: pytest.TempPathFactory, tokens: TokenService) -> Iterator[Registry]:
    folder = tmp_path_factory.mktemp("bearer")
    with Registry(folder, tokens.auth(folder)) as registry:
        token = tokens.token("repository:org/private:pull,push")
        push(
            registry.url,
            "org/private",
            "v1",
            [oras_file("m.onnx", MODEL)],
            headers={"Authorization": f"Bearer {token}"},
        )
        yield registry


@pytest.fixture(autouse=True)
def anyone_gets_a_token(tokens: TokenService) -> None:
    tokens.accepts, tokens.refresh_token = None, ""
    tokens.granted.clear()


def fetched(registry: Registry, repository: str) -> bytes:
    uri = f"oci://{registry.host}/{repository}:v1"
    return local_file("model", uri, suffix=".onnx", backoff=Backoff(0.0, 0.0)).path.read_bytes()


def use(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def docker_config(registry: Registry, **entry: str) -> str:
    return json.dumps({"auths": {registry.host: entry}})


def test_a_user_name_and_a_password_are_used(basic: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, {"OCI_USERNAME": USERNAME, "OCI_PASSWORD": PASSWORD})
    assert fetched(basic, "private") == MODEL


@pytest.mark.parametrize("variable", [".dockerconfigjson", "DOCKER_AUTH_CONFIG"])
def test_a_docker_configuration_is_used(basic: Registry, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    use(monkeypatch, {variable: docker_config(basic, username=USERNAME, password=PASSWORD)})
    assert fetched(basic, "private") == MODEL


def test_the_login_of_docker_is_used(basic: Registry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(docker_config(basic, auth=BASIC.removeprefix("Basic ")))
    use(monkeypatch, {"DOCKER_CONFIG": str(tmp_path)})
    assert fetched(basic, "private") == MODEL


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({}, "the registry asks for a user name and a password: give a Secret with OCI_USERNAME and OCI_PASSWORD"),
        (
            {"OCI_USERNAME": USERNAME, "OCI_PASSWORD": "wrong"},
            "answers 401 Unauthorized: give a Secret with OCI_USERNAME",
        ),
    ],
)
def test_missing_or_wrong_credentials_are_named(
    basic: Registry, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], message: str
) -> None:
    use(monkeypatch, variables)
    with pytest.raises(ModelUnavailable, match=message):
        fetched(basic, "private")


def test_a_token_service_may_give_tokens_to_everybody(
    bearer: Registry, tokens: TokenService, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, LOCAL_TOKEN_SERVICE)
    assert fetched(bearer, "org/private") == MODEL
    assert tokens.granted == ["anonymous"]


def test_a_token_service_gets_the_password(
    bearer: Registry, tokens: TokenService, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens.accepts = {BASIC}
    use(monkeypatch, LOCAL_TOKEN_SERVICE)
    with pytest.raises(ModelUnavailable, match=r"answers 401 Unauthorized: give a Secret with OCI_USERNAME"):
        fetched(bearer, "org/private")
    use(monkeypatch, {"OCI_USERNAME": USERNAME, "OCI_PASSWORD": PASSWORD})
    assert fetched(bearer, "org/private") == MODEL
    assert tokens.granted == ["basic"]


def test_a_token_service_gets_the_identity_token(
    bearer: Registry, tokens: TokenService, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens.refresh_token = "refresh-1"
    use(monkeypatch, LOCAL_TOKEN_SERVICE | {"DOCKER_AUTH_CONFIG": docker_config(bearer, identitytoken="refresh-0")})
    with pytest.raises(ModelUnavailable, match="the registry's token service refuses the credentials"):
        fetched(bearer, "org/private")
    use(monkeypatch, {"DOCKER_AUTH_CONFIG": docker_config(bearer, identitytoken="refresh-1")})
    assert fetched(bearer, "org/private") == MODEL
    assert tokens.granted == ["refresh"]


def test_an_expired_token_is_replaced(bearer: Registry, tokens: TokenService, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, LOCAL_TOKEN_SERVICE)
    with front(bearer.url) as gateway:
        gateway.expires = 1
        uri = f"oci://{gateway.host}/org/private:v1"
        assert local_file("model", uri, suffix=".onnx", backoff=Backoff(0.0, 0.0)).path.read_bytes() == MODEL
    assert tokens.granted == ["anonymous", "anonymous"]


def test_a_token_service_at_a_private_address_needs_permission(bearer: Registry, tokens: TokenService) -> None:
    with pytest.raises(
        ModelUnavailable, match=r"the registry's token service is at 127\.0\.0\.1, which is not a public"
    ):
        fetched(bearer, "org/private")
    assert tokens.granted == []
