"""Requests to a service on loopback with any Host and Origin."""

import asyncio

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.responses import Response
from starlette.types import Message

from darkroom_ingestion.http.middleware.loopback import LoopbackGuard


def status(host: bytes, origin: bytes | None = None) -> int:
    """The status of a request with these headers to a service that responds with 204."""
    headers = [(b"host", host), *([] if origin is None else [(b"origin", origin)])]
    scope = {"type": "http", "method": "GET", "path": "/", "headers": headers}
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(LoopbackGuard(Response(status_code=204))(scope, receive, send))
    return int(sent[0]["status"])


@pytest.mark.parametrize("host", [b"[", b"[::1", b"a]", b"[x]", b"[127.0.0.1]"])
def test_a_malformed_host_is_refused(host: bytes) -> None:
    assert status(host) == 403


@pytest.mark.parametrize("origin", [b"http://[", b"http://[::1", b"http://a]", b"http://[x]", b"["])
def test_a_malformed_origin_is_refused(origin: bytes) -> None:
    assert status(b"localhost", origin) == 403


@given(host=st.binary(max_size=20), origin=st.none() | st.binary(max_size=20).map(lambda rest: b"http://" + rest))
@example(b"localhost:port", b"http://localhost:port")
def test_any_host_and_origin_are_accepted_or_refused(host: bytes, origin: bytes | None) -> None:
    assert status(host, origin) in {204, 403}
