"""The limit of requests of each caller."""

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from darkroom_ingestion.http.errors import refuse
from darkroom_ingestion.http.requests.callers import limited_as
from darkroom_ingestion.limits.callers import CallerLimits, LimitReached

_PROBES: Final = frozenset({"/healthz", "/readyz", "/metrics"})


class RequestsLimited:
    """ASGI middleware: refuses requests of callers that send too many. Probes are not limited."""

    def __init__(self, app: ASGIApp, limits: CallerLimits) -> None:
        self._app, self._limits = app, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "http" and scope["path"] not in _PROBES:
            try:
                self._limits.count_request(limited_as(scope))
            except LimitReached as error:
                await refuse(error, scope, receive, send)
                return
        await self._app(scope, receive, send)
