"""Ids, metrics and log lines of every request, and the headers common to all responses."""

import random
import re
import time
from collections.abc import Awaitable
from typing import TYPE_CHECKING

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from darkroom.logs import set_log_fields
from darkroom_ingestion.http.audited import audit_request
from darkroom_ingestion.http.middleware.request_span import RequestSpan
from darkroom_ingestion.http.server import ARRIVED, RESPOND, Respond

if TYPE_CHECKING:
    from starlette.datastructures import State

_REQUEST_ID = b"x-request-id"
_TAKEN = re.compile(rb"[A-Za-z0-9._:/+=@-]{1,128}")
_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
"""Source: W3C Trace Context, section 3.2."""
_HEADERS = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))
_HEADER_LINES = b"".join(b"%b: %b\r\n" % header for header in _HEADERS) + _REQUEST_ID + b": %b\r\n"

LOG_IDS = "darkroom.log_ids"
"""Key in the ASGI scope: a dictionary with the ids that the request's log lines have."""

log = structlog.get_logger("darkroom.ingestion.http")


class Instrumented:
    """ASGI middleware: counts, times and audits requests, adds their ids to their log lines, and common headers.

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
        ids, traceparent = _ids(scope)
        scope[LOG_IDS] = ids
        span = self._begin_span(scope, ids, traceparent)
        set_log_fields(ids.copy)
        request_id = ids["request_id"].encode()
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
            if span is not None:
                span.end(scope, route, status)
            services = self._state.services
            services.metrics.request_was_answered(scope["method"], route, status, seconds)
            if services.audit is not None:
                audit_request(services.audit, scope, status, ids)
            log.debug("request completed", method=scope["method"], path=scope["path"], status=status, seconds=seconds)

    def _begin_span(self, scope: Scope, ids: dict[str, str], traceparent: str | None) -> RequestSpan | None:
        """The request's span; None if tracing is off."""
        if (tracing := self._state.services.tracing) is None:
            return None
        span = RequestSpan(tracing, scope, traceparent)
        if (trace_id := span.trace_id) is not None:
            ids["trace_id"] = trace_id
        return span


def _ids(scope: Scope) -> tuple[dict[str, str], str | None]:
    """The ids that the request has, or is given, and its `traceparent`."""
    ids: dict[str, str] = {}
    traceparent = None
    for name, value in scope["headers"]:
        if name == _REQUEST_ID and _TAKEN.fullmatch(value):
            ids["request_id"] = value.decode()
        elif name == b"traceparent" and (match := _TRACEPARENT.fullmatch(value)):
            ids["trace_id"] = match[1].decode()
            traceparent = value.decode()
    if "request_id" not in ids:
        ids["request_id"] = f"{random.getrandbits(64):016x}"
    return ids, traceparent
