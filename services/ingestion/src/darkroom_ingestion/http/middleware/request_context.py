"""Binds the request id and the trace id to the log lines of a request."""

import os
import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, clear_contextvars

_HEADER = b"x-request-id"
_TAKEN = re.compile(rb"[A-Za-z0-9._:/+=@-]{1,128}")
_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
"""Source: W3C Trace Context, section 3.2."""


class RequestContext:
    """ASGI middleware: log lines of a request have `request_id` and, if it is traced, `trace_id`.

    The client's X-Request-Id is used if it is short and plain ASCII; else a new id. The response has it too.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given, trace = _ids(scope)
        request_id = given or os.urandom(8).hex()
        clear_contextvars()
        bind_contextvars(request_id=request_id)
        if trace:
            bind_contextvars(trace_id=trace)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (_HEADER, request_id.encode())]
            await send(message)

        await self._app(scope, receive, sending)


def _ids(scope: Scope) -> tuple[str | None, str | None]:
    request_id = trace_id = None
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _TAKEN.fullmatch(value):
            request_id = value.decode()
        elif name == b"traceparent" and (match := _TRACEPARENT.fullmatch(value)):
            trace_id = match[1].decode()
    return request_id, trace_id
