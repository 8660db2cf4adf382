"""Responding to a request without reading all of its body."""

import asyncio
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

_LINGER_S = 2.0
_LINGER_BYTES = 2 * 2**20


class ClosingResponse(Response):
    """A response after which the connection is closed, while the client may still be sending.

    Closing immediately would reset the connection, and the client could lose the response. Therefore more of the body
    is read and discarded after the response is sent, up to a time and a size.
    """

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response, discard some of the body, close the connection."""
        self.headers["Connection"] = "close"
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        try:
            async with asyncio.timeout(_LINGER_S):
                await _discard(receive)
        except TimeoutError:
            pass
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _discard(receive: Receive) -> None:
    taken = 0
    while taken < _LINGER_BYTES:
        message: dict[str, Any] = dict(await receive())
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            return
        taken += len(message.get("body", b""))
