"""HEAD for every resource that has GET (RFC 9110, section 9.3.2)."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadAsGet:
    """ASGI middleware: runs the GET route and sends only the headers of its response."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        started = asyncio.Event()

        async def sending(message: Message) -> None:
            # The response is complete with its headers; the server sends them with the end of the empty body.
            if message["type"] == "http.response.start":
                scope["method"] = "HEAD"
                await send(message)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                started.set()

        async def receiving() -> Message:
            # A response without end, such as the live feed, ends after its headers.
            await started.wait()
            return {"type": "http.disconnect"}

        scope["method"] = "GET"
        await self._app(scope, receiving, sending)
