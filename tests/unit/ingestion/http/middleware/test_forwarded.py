"""The addresses of clients behind a trusted proxy."""

import asyncio
from ipaddress import ip_network

import httpx
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from darkroom_ingestion.access.access import Access
from darkroom_ingestion.access.head import Head
from darkroom_ingestion.access.protocols import EverythingAllowed
from darkroom_ingestion.http.middleware.checked import Checked
from darkroom_ingestion.http.requests.callers import address_of
from darkroom_ingestion.http.requests.checks import Checks
from darkroom_ingestion.limits.callers import CallerLimits
from darkroom_ingestion.limits.settings import LimitSettings
from darkroom_ingestion.metrics import Metrics


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    found = {"client": address_of(scope), "peer": Head(scope).peer}
    await JSONResponse(found)(scope, receive, send)


def found_behind(peer: str) -> dict[str, str]:
    access = Access("none", (), EverythingAllowed(), Metrics())
    no_limits = CallerLimits(LimitSettings(), lambda _: None)
    app = Checked(application, Checks(access, no_limits, [ip_network("10.0.0.0/8")]))

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app, client=(peer, 1234))
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            return await client.get("/", headers={"X-Forwarded-For": "192.0.2.7"})

    found: dict[str, str] = asyncio.run(ask()).json()
    return found


def test_the_client_of_a_trusted_proxy_is_known_and_the_proxy_too() -> None:
    assert found_behind("10.0.0.1") == {"client": "192.0.2.7", "peer": "10.0.0.1"}


def test_others_can_not_say_where_they_are() -> None:
    assert found_behind("192.0.2.8") == {"client": "192.0.2.8", "peer": "192.0.2.8"}
