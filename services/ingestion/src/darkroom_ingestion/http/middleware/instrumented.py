"""Ids, metrics and log lines of every request, and the headers common to all responses."""

from collections.abc import Awaitable
from typing import TYPE_CHECKING

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from darkroom.logs import set_log_fields
from darkroom_ingestion.http.exchange import EXCHANGE, REQUEST_ID, Exchange
from darkroom_ingestion.http.server.protocol import ARRIVED, RESPOND, RespondInTurn

if TYPE_CHECKING:
    from starlette.datastructures import State

_HEADERS = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))
HEADER_LINES = b"".join(b"%b: %b\r\n" % header for header in _HEADERS) + REQUEST_ID + b": %b\r\n"
"""The header lines of every response, to format with the request's id."""

log = structlog.get_logger("darkroom.ingestion.http")


class Instrumented:
    """ASGI middleware: counts, times and audits requests, adds their ids to their log lines, and common headers.

    Log lines of a request have `request_id` and, if it is traced, `trace_id`. The response has the former too.
    """

    def __init__(self, app: ASGIApp, state: "State") -> None:
        """`state` is that of the application, with its services."""
        self._app, self._state = app, state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500
        exchange = scope.get(EXCHANGE)
        if exchange is None:
            exchange = scope[EXCHANGE] = Exchange(self._state.services, dict(scope["headers"]))
        set_log_fields(exchange.ids)
        request_id = exchange.request_id
        respond: RespondInTurn = scope[RESPOND]

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *_HEADERS, (REQUEST_ID, request_id)]
            await send(message)

        def responding(status_: int, headers: bytes, body: bytes) -> Awaitable[None]:
            nonlocal status
            status = status_
            return respond(status, headers + HEADER_LINES % request_id, body)

        scope[RESPOND] = responding
        try:
            await self._app(scope, receive, sending)
        finally:
            del scope[RESPOND], scope[ARRIVED]  # they refer to the scope, which only the garbage collector would free
            seconds = exchange.end(scope, status)
            log.debug("request completed", method=scope["method"], path=scope["path"], status=status, seconds=seconds)
