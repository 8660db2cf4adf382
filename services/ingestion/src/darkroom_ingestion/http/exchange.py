"""A request in progress: its ids, its span, and what is counted and written down at its end."""

import random
import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from starlette.types import Scope

from darkroom.tracing.context import TRACEPARENT, Begun
from darkroom_ingestion.http.audited import audit_request
from darkroom_ingestion.http.request_span import RequestSpan

if TYPE_CHECKING:
    from darkroom.tracing.context import SpanContext
    from darkroom_ingestion.http.context import Services

EXCHANGE: Final = "darkroom.exchange"
"""Key in the ASGI scope: the request's `Exchange`."""
REQUEST_ID: Final = b"x-request-id"

_TAKEN = re.compile(rb"[A-Za-z0-9._:/+=@-]{1,128}")
_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
"""Source: W3C Trace Context, section 3.2."""


class Exchange:
    """A request and its response. Begins when it is created; call `end` when the response is complete.

    Attributes:
        request_id: the client's X-Request-Id if it is short and plain ASCII; else a new one.
        image_id: the image that it is about, for its log lines; None if there is none, or several.
        passed_on: the `traceparent` for what it causes that says that its trace is not recorded; None if it is, or
            tracing is off.

    Args:
        services: the application's services.
        headers: the request's.
    """

    __slots__ = ("_services", "_span", "_start", "_trace_id", "image_id", "passed_on", "request_id")

    def __init__(self, services: "Services", headers: Mapping[bytes, bytes]) -> None:
        self._services, self._start = services, time.perf_counter()
        given = headers.get(REQUEST_ID)
        self.request_id = given if given is not None and _TAKEN.fullmatch(given) else _new_id()
        self.image_id: str | None = None
        traced = headers.get(b"traceparent")
        match = None if traced is None else _TRACEPARENT.fullmatch(traced)
        self._trace_id = None if match is None else match[1].decode()
        self._span: RequestSpan | None = None
        self.passed_on: bytes | None = None
        if (tracing := services.tracing) is not None:
            began = next(tracing.new_traces) if match is None else tracing.begin_or_pass_on(match[0].decode())
            if isinstance(began, Begun):
                self._span, self._trace_id = RequestSpan(tracing, *began), began.context.trace_id
            else:
                self.passed_on = began

    @property
    def span(self) -> "SpanContext | None":
        """The context of its span; None if there is none: it is not sampled, or tracing is off."""
        return None if self._span is None else self._span.context

    def trace_headers(self, given: Mapping[str, str]) -> Mapping[str, str]:
        """The client's W3C Trace Context headers for what it causes, without one that `passed_on` replaces."""
        if not given or self.passed_on is None:
            return given
        return {name: value for name, value in given.items() if name != TRACEPARENT}

    def ids(self) -> dict[str, str]:
        """The ids that its log lines have."""
        ids = {"request_id": self.request_id.decode()}
        if self._trace_id is not None:
            ids["trace_id"] = self._trace_id
        if self.image_id is not None:
            ids["image_id"] = self.image_id
        return ids

    def end(self, scope: Scope, status: int) -> float:
        """Count, time, trace and audit the request, which was answered. Returns the seconds that it took."""
        # The route's template, not the path, because clients could create any number of labels with paths.
        route = getattr(scope.get("route"), "path", None)
        seconds = time.perf_counter() - self._start
        if self._span is not None:
            self._span.end(scope, route, status)
        self._services.metrics.request_was_answered(scope["method"], route, status, seconds)
        if (audit := self._services.audit) is not None:
            audit_request(audit, scope, status, self.ids())
        return seconds


def _new_id() -> bytes:
    return random.getrandbits(64).to_bytes(8).hex().encode()
