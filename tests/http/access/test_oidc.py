"""Users of a real OpenID Connect provider: the login in a browser, ID tokens, and the rotation of keys."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from darkroom_cli.processes.ports import Reservation
from tests.support.oidc.provider import CLIENT_ID, CLIENT_SECRET, OidcProvider, oidc_provider
from tests.support.services.ingestion import Service
from tests.support.until import until

Running = tuple[Service, OidcProvider]
PAGE = "/p/demo/digits/explore?label=seven"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service without pipelines, and its provider."""
    folder = tmp_path_factory.mktemp("oidc")
    reserved = Reservation()
    port = reserved.port
    with oidc_provider(folder, [f"http://127.0.0.1:{port}/v1/session/callback"]) as provider:
        service = Service(folder, [], options(folder, provider), port=port)
        try:
            yield service.start(ready=False), provider
        finally:
            service.kill()
            reserved.release()


def options(folder: Path, provider: OidcProvider) -> list[str]:
    (folder / "secret").write_text(CLIENT_SECRET)
    rights = [
        {"oidcUser": "oidc:alice", "pipelines": ["demo/*"], "rights": ["Submit"]},
        {"oidcGroup": "oidc:staff", "pipelines": ["demo/*"], "rights": ["Read"]},
    ]
    (folder / "tokens.yaml").write_text(json.dumps({"tokens": rights}))
    return [
        *("--token-file", str(folder / "tokens.yaml"), "--oidc-issuer", provider.issuer),
        *("--oidc-client-id", CLIENT_ID, "--oidc-client-secret-file", str(folder / "secret")),
    ]


def test_a_login_returns_to_the_page_and_names_the_user(running: Running) -> None:
    service, provider = running
    with service.client as browser:
        refused = browser.get("/v1/session")
        assert (refused.status_code, refused.json()["login"]) == (401, ["oidc", "token"])

        begun = browser.get("/v1/session/login", params={"return": PAGE})
        assert begun.status_code == 303
        assert begun.headers["cache-control"] == "no-store"
        assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(begun.headers["set-cookie"].split("; "))
        completed = browser.get(provider.sign_in(begun.headers["location"], "zoe+staff+ops"))
        assert (completed.status_code, completed.headers["location"]) == (303, PAGE)
        session, login = completed.headers.get_list("set-cookie")
        assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(session.split("; "))
        assert "Max-Age=0" in login

        found = browser.get("/v1/session", params={"pipeline": "demo/digits"}).json()
        assert found["name"] == "oidc:zoe+staff+ops"
        assert found["groups"] == ["oidc:staff", "oidc:ops"]
        assert found["method"] == "Oidc"
        assert found["rights"] == ["Read"]
        assert browser.get("/v1/pipelines").status_code == 200
        assert browser.get("/v1/pipelines/other/digits").status_code == 403


def test_a_response_of_the_provider_is_accepted_only_by_the_browser_that_began(running: Running) -> None:
    service, provider = running
    with service.client as browser, service.client as other:
        location = browser.get("/v1/session/login").headers["location"]
        back = provider.sign_in(location, "mallory")
        without = other.get(back)
        assert without.status_code == 403
        assert "has not begun a login" in without.text
        other.get("/v1/session/login")
        another = other.get(back)
        assert another.status_code == 403
        assert "not the one that this browser has begun" in another.text
        assert "darkroom_session" not in other.cookies


def test_a_code_is_accepted_once(running: Running) -> None:
    service, provider = running
    with service.client as browser:
        begun = browser.get("/v1/session/login")
        back = provider.sign_in(begun.headers["location"], "alice")
        assert browser.get(back).status_code == 303
        kept = begun.headers["set-cookie"].partition(";")[0]
        again = browser.get(back, headers={"Cookie": kept})
        assert again.status_code == 403
        assert "does not accept the login" in again.text


def test_a_refusal_of_the_provider_is_shown_as_text(running: Running) -> None:
    service, _ = running
    with service.client as browser:
        location = browser.get("/v1/session/login").headers["location"]
        [state] = parse_qs(urlsplit(location).query)["state"]
        query = {"state": state, "error": "access_denied", "error_description": "<script>alert(1)</script>"}
        refused = browser.get("/v1/session/callback", params=query)
    assert refused.status_code == 403
    assert "access_denied: &lt;script&gt;" in refused.text
    assert "default-src 'none'" in refused.headers["content-security-policy"]


def test_a_program_sends_its_id_token(running: Running) -> None:
    service, provider = running
    headers = {"Authorization": f"Bearer {provider.id_token('alice')}"}
    with service.client as client:
        found = client.get("/v1/session", params={"pipeline": "demo/digits"}, headers=headers).json()
        assert (found["name"], found["rights"]) == ("oidc:alice", ["Submit"])
        changed = {"Authorization": headers["Authorization"][:-6] + "AAAAAA"}
        refused = client.get("/v1/session", headers=changed)
    assert refused.status_code == 401
    assert "signature is wrong" in refused.json()["detail"]


def test_a_session_outlives_the_keys_of_the_provider_and_new_ones_are_found(running: Running) -> None:
    service, provider = running
    with service.client as browser:
        begun = browser.get("/v1/session/login")
        browser.get(provider.sign_in(begun.headers["location"], "alice"))
        provider.stop()
        assert browser.get("/v1/session").status_code == 200
        provider.start("second")
        headers = {"Authorization": f"Bearer {provider.id_token('bob')}"}

        def found() -> httpx.Response | None:
            answer = browser.get("/v1/session", headers=headers)
            return answer if answer.status_code == 200 else None

        # The provider is asked at most every ten seconds.
        answer = until(found, "the new key is found", timeout_s=30, every_s=0.5)
    assert answer.json()["name"] == "oidc:bob"
