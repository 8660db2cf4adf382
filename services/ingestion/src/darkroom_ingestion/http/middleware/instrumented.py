"""Ids, metrics and log lines of every request, and the headers common to all responses."""

import random
import re
import time
from collections.abc import Awaitable
from typing import TYPE_CHECKING

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, clear_contextvars

from darkroom_ingestion.http.server import ARRIVED, RESPOND, Respond

if TYPE_CHECKING:
    from starlette.datastructures import State

_REQUEST_ID = b"x-request-id"
_TAKEN = re.compile(rb"[A-Za-z0-9._:/+=@-]{1,128}")
_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
"""Source: W3C Trace Context, section 3.2."""
_HEADERS = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))
_HEADER_LINES = b"".join(b"%b: %b\r\n" % header for header in _HEADERS) + _REQUEST_ID + b": %b\r\n"

log = structlog.get_logger("darkroom.ingestion.http")


class Instrumented:
    """ASGI middleware: counts and times requests, binds their ids to their log lines, and adds common headers.

    Log lines of a request have `request_id` and, if it is traced, `trace_id`. The client's X-Request-Id is used if it
    is short and plain ASCII; else a new id. The response has it too.
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
        start = time.perf_counter()
        request_id = _bind_ids(scope)
        respond: Respond = scope[RESPOND]

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *_HEADERS, (_REQUEST_ID, request_id)]
            await send(message)

        def responding(status_: int, headers: bytes, body: bytes) -> Awaitable[None]:
            nonlocal status
            status = status_
            return respond(status, headers + _HEADER_LINES % request_id, body)

        scope[RESPOND] = responding
        try:
            await self._app(scope, receive, sending)
        finally:
            del scope[RESPOND], scope[ARRIVED]  # they refer to the scope, which only the garbage collector would free
            # The route's template, not the path, because clients could create any number of labels with paths.
            route = getattr(scope.get("route"), "path", None)
            seconds = time.perf_counter() - start
            self._state.services.metrics.request_was_answered(scope["method"], route, status, seconds)
            log.debug("request completed", method=scope["method"], path=scope["path"], status=status, seconds=seconds)


def _bind_ids(scope: Scope) -> bytes:
    """Bind the request's ids to its log lines. Returns its request id."""
    request_id, ids = b"", {}
    for name, value in scope["headers"]:
        if name == _REQUEST_ID and _TAKEN.fullmatch(value):
            request_id = value
        elif name == b"traceparent" and (match := _TRACEPARENT.fullmatch(value)):
            ids["trace_id"] = match[1].decode()
    request_id = request_id or b"%016x" % random.getrandbits(64)
    clear_contextvars()
    bind_contextvars(request_id=request_id.decode(), **ids)
    return request_id
