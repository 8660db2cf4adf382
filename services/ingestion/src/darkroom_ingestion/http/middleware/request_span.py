"""The span of a request."""

import time
from typing import TYPE_CHECKING, Final

from starlette.types import Scope

from darkroom.tracing.context import SpanContext, read_traceparent
from darkroom.tracing.spans import Span, Tracing

if TYPE_CHECKING:
    from darkroom.tracing.conventions import Values

SPAN: Final = "darkroom.span"
"""Key in the ASGI scope: the context of the request's span, also if it is not sampled. Absent if tracing is off."""

_PROBES: Final = frozenset({"/healthz", "/readyz", "/metrics"})
_SERVER_ERROR: Final = 500


class RequestSpan:
    """A request in progress. Its context is in the scope.

    Source: OpenTelemetry's semantic conventions 1.44 for HTTP servers.
    """

    __slots__ = ("_context", "_parent", "_start_ns", "_tracing")

    def __init__(self, tracing: Tracing, scope: Scope, traceparent: str | None) -> None:
        self._tracing = tracing
        self._parent = None if traceparent is None else read_traceparent(traceparent)
        self._context = scope[SPAN] = tracing.begin(self._parent)
        self._start_ns = time.time_ns() if self._context.sampled else 0

    @property
    def trace_id(self) -> str | None:
        """The id of its trace, if it is sampled."""
        return self._context.trace_id if self._context.sampled else None

    def end(self, scope: Scope, route: str | None, status: int) -> None:
        """Record the span of a request that was answered."""
        if not self._context.sampled or scope["path"] in _PROBES:
            return
        failed = status >= _SERVER_ERROR
        values: Values = {
            "http.request.method": scope["method"],
            "http.response.status_code": status,
            "url.path": scope["path"],
            "url.scheme": scope["scheme"],
            **({} if route is None else {"http.route": route}),
            **({"error.type": str(status)} if failed else {}),
        }
        name = scope["method"] if route is None else f"{scope['method']} {route}"
        times_ns = self._start_ns, time.time_ns()
        error = f"HTTP {status}" if failed else ""
        self._tracing.record(Span(name, "Server", self._context, self._parent, *times_ns, values, error=error))


def span_of(scope: Scope) -> SpanContext | None:
    """The context of the request's span; None if tracing is off."""
    context: SpanContext | None = scope.get(SPAN)
    return context
