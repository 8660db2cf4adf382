"""The span of a request."""

import time
from typing import TYPE_CHECKING, Final

from starlette.types import Scope

from darkroom.tracing.context import SpanContext
from darkroom.tracing.spans import Span, Tracing

if TYPE_CHECKING:
    from darkroom.tracing.conventions import Values

_PROBES: Final = frozenset({"/healthz", "/readyz", "/metrics"})
_SERVER_ERROR: Final = 500


class RequestSpan:
    """A sampled request in progress.

    Source: OpenTelemetry's semantic conventions 1.44 for HTTP servers.
    """

    __slots__ = ("_parent", "_start_ns", "_tracing", "context")

    def __init__(self, tracing: Tracing, context: SpanContext, parent: SpanContext | None) -> None:
        self._tracing, self.context, self._parent = tracing, context, parent
        self._start_ns = time.time_ns()

    def end(self, scope: Scope, route: str | None, status: int) -> None:
        """Record the span of a request that was answered."""
        if scope["path"] in _PROBES:
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
        self._tracing.record(Span(name, "Server", self.context, self._parent, *times_ns, values, error=error))
