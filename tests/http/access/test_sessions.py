"""Sessions of browsers, protection from other sites, and users that a trusted proxy names."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.support.services.ingestion import Service

StartService = Callable[..., Service]
ALICE, BOB = "token-of-alice-0001", "token-of-bob-00000002"
LONG = "x" * 3_000
OWN = {"Sec-Fetch-Site": "same-origin"}
FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "http://localhost:1"},
    {"Origin": "http://evil.localhost"},
]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service of two processes, without pipelines, with two callers, that trusts a proxy on this machine."""
    folder = tmp_path_factory.mktemp("sessions")
    rights = {"pipelines": ["demo/*"], "rights": ["Submit", "Read"]}
    entries: list[dict[str, Any]] = [
        {"name": "alice", "token": ALICE, **rights},
        {"name": "bob", "token": BOB, **rights},
        {"name": "carol", "token": LONG, **rights},
        {"proxyGroup": "staff", **rights},
    ]
    (folder / "tokens.json").write_text(json.dumps({"tokens": entries}))
    options = ["--token-file", str(folder / "tokens.json"), "--trusted-proxy", "127.0.0.0/8", "--workers", "2"]
    started = Service(folder, [], options)
    try:
        yield started.start(ready=False)
    finally:
        started.kill()


@pytest.fixture
def browser(service: Service) -> Iterator[httpx.Client]:
    """A browser in which alice has signed in."""
    with service.client as client:
        assert client.post("/v1/session", json={"token": ALICE}, headers=OWN).status_code == 201
        yield client


def kind(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).rpartition("/")[2]


def test_a_token_becomes_a_session_that_pages_can_not_read(service: Service) -> None:
    with service.client as client:
        created = client.post("/v1/session", json={"token": ALICE})
        assert created.status_code == 201
        assert created.json()["expiresAt"] is not None
        cookie = created.headers["set-cookie"]
        assert ALICE not in cookie
        assert set(cookie.split("; ")[1:]) == {"HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=28800"}
        found = client.get("/v1/session", params={"pipeline": "demo/digits"})
    assert found.headers["cache-control"] == "no-store"
    session = found.json()
    assert session.pop("expiresAt") is not None
    assert session == {
        "name": "alice",
        "groups": [],
        "method": "TokenFile",
        "access": "token-file",
        "login": ["token"],
        "rights": ["Submit", "Read"],
    }


def test_cookies_are_for_tls_only_where_the_host_is_not_this_machine(service: Service) -> None:
    with service.client as client:
        created = client.post("/v1/session", json={"token": ALICE}, headers={"Host": "darkroom"})
    assert created.headers["set-cookie"].startswith("__Host-darkroom_session=")
    assert created.headers["set-cookie"].endswith("; Secure")


def test_a_token_that_is_too_long_for_a_cookie_is_refused(service: Service) -> None:
    with service.client as client:
        refused = client.post("/v1/session", json={"token": LONG})
    assert refused.status_code == 422
    assert "Browsers keep cookies of 3850" in refused.json()["detail"]


@pytest.mark.parametrize("token", ["wrong", "", ALICE + "x", "é"])
def test_a_wrong_token_begins_no_session(service: Service, token: str) -> None:
    with service.client as client:
        refused = client.post("/v1/session", json={"token": token})
    assert refused.status_code == (401 if token else 422)
    assert "set-cookie" not in refused.headers


def test_without_a_session_the_service_says_how_to_sign_in(service: Service) -> None:
    with service.client as client:
        refused = client.get("/v1/session")
        assert (refused.status_code, kind(refused)) == (401, "unauthenticated")
        assert refused.json()["login"] == ["token"]
        assert refused.json()["access"] == "token-file"
        client.cookies.set("darkroom_session", "made up")
        changed = client.get("/v1/pipelines")
    assert changed.status_code == 401
    assert "sign in again" in changed.json()["detail"]


def test_a_session_ends_at_the_sign_out(browser: httpx.Client) -> None:
    assert browser.get("/v1/pipelines").status_code == 200
    assert browser.delete("/v1/session", headers=OWN).status_code == 204
    assert browser.get("/v1/pipelines").status_code == 401


def test_a_page_of_the_service_may_change_something(browser: httpx.Client) -> None:
    origin = f"http://{browser.base_url.host}:{browser.base_url.port}"
    for headers in (OWN, {"Origin": origin}):
        answer = browser.post("/v1/pipelines/demo/digits/images", content=b"x", headers=headers)
        assert (answer.status_code, kind(answer)) == (404, "not-found")


@pytest.mark.parametrize("headers", [{}, *FOREIGN], ids=str)
def test_a_page_of_another_site_can_change_nothing_with_the_cookie(
    browser: httpx.Client, headers: dict[str, str]
) -> None:
    answer = browser.post("/v1/pipelines/demo/digits/images", content=b"x", headers=headers)
    assert answer.status_code == 401
    assert "only from pages of this service" in answer.json()["detail"]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_a_page_of_another_site_can_read_nothing_and_sign_nobody_in_or_out(
    browser: httpx.Client, headers: dict[str, str]
) -> None:
    assert browser.get("/v1/pipelines", headers=headers).status_code == 401
    for answer in (
        browser.post("/v1/session", json={"token": BOB}, headers=headers),
        browser.delete("/v1/session", headers=headers),
    ):
        assert (answer.status_code, kind(answer)) == (403, "foreign-page")
        assert "set-cookie" not in answer.headers


def test_a_stream_of_events_is_open_to_the_cookie(browser: httpx.Client) -> None:
    headers = {"Accept": "text/event-stream", "Sec-Fetch-Site": "same-origin"}
    with browser.stream("GET", "/v1/live", headers=headers) as stream:
        assert stream.status_code == 200
        assert stream.headers["content-type"].startswith("text/event-stream")


@pytest.mark.parametrize("name", ["token", "access_token", "id_token"])
def test_a_token_in_an_address_is_refused(service: Service, name: str) -> None:
    with service.client as client:
        refused = client.get("/v1/pipelines", params={"a": "b", name: ALICE})
    assert refused.status_code == 401
    assert "Authorization: Bearer" in refused.json()["detail"]
    assert ALICE not in refused.text


def test_a_proxy_names_the_user(service: Service) -> None:
    headers = {"X-Forwarded-User": "zoe", "X-Forwarded-Groups": "staff"}
    with service.client as client:
        session = client.get("/v1/session", params={"pipeline": "demo/digits"}, headers=headers).json()
        foreign = client.post("/v1/pipelines/demo/digits/images", headers=headers | FOREIGN[0])
    assert (session["name"], session["method"], session["rights"]) == ("zoe", "Proxy", ["Submit", "Read"])
    assert foreign.status_code == 401


def test_without_access_control_everybody_is_anonymous(start_service: StartService) -> None:
    with start_service(ready=False).client as client:
        session = client.get("/v1/session", params={"pipeline": "demo/digits"}).json()
        refused = client.post("/v1/session", json={"token": ALICE})
    assert (session["name"], session["access"], session["login"]) == ("anonymous", "none", [])
    assert session["rights"] == ["Submit", "Read", "ReadDeadLetters", "Redrive"]
    assert refused.status_code == 404
