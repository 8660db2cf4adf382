"""Requests with and without credentials, before they reach the application."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from darkroom_ingestion.access.caller import caller_of
from darkroom_ingestion.access.needed import PUBLIC, needed
from darkroom_ingestion.access.opening import open_access
from darkroom_ingestion.access_settings import AccessSettings
from darkroom_ingestion.http.middleware.checked import Checked
from darkroom_ingestion.http.requests.checks import Checks
from darkroom_ingestion.limits.callers import CallerLimits
from darkroom_ingestion.limits.settings import LimitSettings
from darkroom_ingestion.metrics import Metrics
from darkroom_ingestion.settings import Settings
from tests.support.services.routes import all_routes

READER, SUBMITTER = "the-token-of-a-reader", "the-token-of-a-submitter"
IMAGES = "/v1/pipelines/demo/digits/images"


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Responds with the caller's name."""
    await JSONResponse({"caller": caller_of(scope).name})(scope, receive, send)


@pytest.fixture
def checked(tmp_path: Path) -> Checked:
    file = tmp_path / "tokens.json"
    entries = [
        {"name": "reader", "token": READER, "pipelines": ["demo/*"], "rights": ["Read"]},
        {"name": "submitter", "token": SUBMITTER, "pipelines": ["demo/*"], "rights": ["Submit"]},
    ]
    file.write_text(json.dumps({"tokens": entries}))
    settings = Settings(catalog=tmp_path / "catalog.json", access=AccessSettings("token-file", file))
    access, no_limits = open_access(settings, Metrics()), CallerLimits(LimitSettings(), lambda _: None)
    return Checked(application, Checks(access, no_limits))


def ask(app: Checked, method: str, path: str, authorization: str | None = None, **more: Any) -> httpx.Response:
    headers = {} if authorization is None else {"Authorization": authorization}

    async def asked() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as client:
            return await client.request(method, path, headers=headers, **more)

    return asyncio.run(asked())


def test_no_route_but_the_public_ones_responds_without_a_credential(checked: Checked) -> None:
    for method, path in all_routes():
        answer = ask(checked, method, path)
        expected = 200 if needed(method, path) is PUBLIC else 401
        assert answer.status_code == expected, (method, path)


def test_a_path_without_a_row_is_refused_to_every_caller(checked: Checked) -> None:
    for method, path in [("GET", "/metrics"), ("GET", "/v2/pipelines"), ("PUT", IMAGES), ("OPTIONS", IMAGES)]:
        assert ask(checked, method, path).status_code == 401
        assert ask(checked, method, path, f"Bearer {READER}").status_code == 403


def test_a_caller_may_do_what_its_rights_allow(checked: Checked) -> None:
    assert ask(checked, "GET", IMAGES, f"Bearer {READER}").json() == {"caller": "reader"}
    assert ask(checked, "POST", IMAGES, f"bearer {SUBMITTER}").json() == {"caller": "submitter"}
    assert ask(checked, "POST", IMAGES, f"Bearer {READER}").status_code == 403
    assert ask(checked, "GET", IMAGES, f"Bearer {SUBMITTER}").status_code == 403
    assert ask(checked, "POST", f"{IMAGES}/0-1/analyze", f"Bearer {SUBMITTER}").status_code == 403


def test_a_refusal_says_what_is_missing(checked: Checked) -> None:
    answer = ask(checked, "POST", IMAGES, f"Bearer {READER}", content=b"an image")
    assert answer.json() == {
        "type": "https://darkroom.dev/problems/forbidden",
        "title": "Not allowed",
        "status": 403,
        "detail": "'reader' may not do this with pipeline 'demo/digits': it takes the right Submit.",
        "instance": IMAGES,
    }
    assert answer.headers["connection"] == "close", "the rest of the body is not read"


@pytest.mark.parametrize(
    ("authorization", "challenge"),
    [
        (None, 'Bearer realm="darkroom"'),
        ("Bearer not-a-known-token", 'Bearer realm="darkroom", error="invalid_token"'),
        ("Bearer ", 'Bearer realm="darkroom", error="invalid_token"'),
        (f"Basic {READER}", 'Bearer realm="darkroom", error="invalid_token"'),
    ],
)
def test_a_request_without_a_valid_credential_is_challenged(
    checked: Checked, authorization: str | None, challenge: str
) -> None:
    answer = ask(checked, "GET", "/v1/pipelines", authorization)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, challenge)
    assert answer.json()["type"].endswith("/unauthenticated")


def test_a_request_with_two_tokens_is_refused(checked: Checked) -> None:
    async def asked() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(checked), base_url="http://service") as client:
            tokens = [("authorization", f"Bearer {token}") for token in (READER, SUBMITTER)]
            return await client.get("/v1/pipelines", headers=tokens)

    assert asyncio.run(asked()).status_code == 401


def test_an_address_that_guesses_tokens_must_wait_and_a_known_caller_must_not(checked: Checked) -> None:
    answers = [ask(checked, "GET", IMAGES, f"Bearer guess-{attempt}") for attempt in range(5)]
    assert ask(checked, "GET", IMAGES, f"Bearer {READER}").status_code == 200
    answers += [ask(checked, "GET", IMAGES, f"Bearer guess-{attempt}") for attempt in range(5, 40)]

    assert [answer.status_code for answer in answers[:25]] == [401] * 25
    assert answers[-1].status_code == 429
    assert answers[-1].json()["type"].endswith("too-many-credentials")
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert ask(checked, "GET", IMAGES, f"Bearer {READER}").status_code == 200
