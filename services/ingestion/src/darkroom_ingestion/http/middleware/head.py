"""HEAD wherever there is GET (RFC 9110, section 9.3.2)."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadAsGet:
    """ASGI middleware: routes see a GET, the client gets its headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        started = asyncio.Event()

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                # The server leaves out the body of an answer to HEAD.
                scope["method"] = "HEAD"
                started.set()
            await send(message)

        async def receiving() -> Message:
            # A response without end, such as the live feed, ends after its headers.
            await started.wait()
            return {"type": "http.disconnect"}

        scope["method"] = "GET"
        await self._app(scope, receiving, sending)
