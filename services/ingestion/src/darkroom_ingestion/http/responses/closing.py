"""Answering a request without reading its body, so that the client still gets the answer."""

import asyncio
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

_LINGER_S = 2.0
_LINGER_BYTES = 2 * 2**20


class ClosingResponse(Response):
    """A response after which the connection is closed, while the client may still be sending.

    Closing at once would reset the connection and lose the answer on its way. So more of the body is read and
    discarded after the answer is sent, bounded in time and size.
    """

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer, discard some of the body, close."""
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
