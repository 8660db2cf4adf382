"""Metrics of every request, and the headers common to all responses."""

import time
from typing import TYPE_CHECKING

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

if TYPE_CHECKING:
    from starlette.datastructures import State

_HEADERS = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))

log = structlog.get_logger("darkroom.ingestion.http")


class Instrumented:
    """ASGI middleware: counts and times requests, and adds common headers."""

    def __init__(self, app: ASGIApp, state: "State") -> None:
        """`state` is that of the application, with its services."""
        self._app, self._state = app, state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500
        start = time.perf_counter()

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *_HEADERS]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            # The route's template, not the path, because clients could create any number of labels with paths.
            route = getattr(scope.get("route"), "path", None)
            seconds = time.perf_counter() - start
            self._state.services.metrics.request_was_answered(scope["method"], route, status, seconds)
            log.debug("request completed", method=scope["method"], path=scope["path"], status=status, seconds=seconds)
