"""The limit of requests of each caller."""

import asyncio

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from darkroom_ingestion.access.access import Access
from darkroom_ingestion.access.caller import CALLER, Caller
from darkroom_ingestion.access.protocols import EverythingAllowed
from darkroom_ingestion.http.middleware.checked import Checked
from darkroom_ingestion.http.requests.checks import Checks
from darkroom_ingestion.limits.callers import CallerLimits
from darkroom_ingestion.limits.settings import LimitSettings
from darkroom_ingestion.metrics import Metrics
from tests.support.clock import Clock


class Service:
    """A service with a limit of two requests a second. Its clock stands still."""

    def __init__(self) -> None:
        limits = CallerLimits(LimitSettings(requests=2), lambda _: None, clock=Clock())
        self._app = Checked(PlainTextResponse("ok"), Checks(Access("none", (), EverythingAllowed(), Metrics()), limits))

    def answers(self, count: int, path: str = "/v1/pipelines", **sender: str) -> list[httpx.Response]:
        return [self._answer(path, **sender) for _ in range(count)]

    def _answer(self, path: str, address: str = "192.0.2.7", caller: str = "") -> httpx.Response:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            if caller:
                scope[CALLER] = Caller(caller, method="TokenFile")
            await self._app(scope, receive, send)

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app, client=(address, 1234))
            async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
                return await client.get(path)

        return asyncio.run(ask())


def statuses(answers: list[httpx.Response]) -> list[int]:
    return [answer.status_code for answer in answers]


def test_requests_beyond_the_limit_are_refused_with_the_time_to_wait() -> None:
    service = Service()
    refused = service.answers(3)[-1]
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
    assert refused.json()["type"] == "https://darkroom.dev/problems/too-many-requests"


def test_callers_are_limited_on_their_own_wherever_they_are() -> None:
    service = Service()
    assert statuses(service.answers(2, caller="alice")) == [200, 200]
    assert statuses(service.answers(1, caller="alice", address="192.0.2.8")) == [429]
    assert statuses(service.answers(2, caller="bob")) == [200, 200]


@pytest.mark.parametrize(
    ("one", "another", "same"),
    [
        ("192.0.2.7", "192.0.2.8", False),
        ("192.0.2.7", "::ffff:192.0.2.7", True),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("not an address", "another", False),
    ],
)
def test_anonymous_callers_are_told_apart_by_address(one: str, another: str, same: bool) -> None:
    service = Service()
    service.answers(2, address=one)
    assert statuses(service.answers(1, address=another)) == [429 if same else 200]


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_probes_are_not_limited(path: str) -> None:
    assert statuses(Service().answers(5, path)) == [200] * 5
