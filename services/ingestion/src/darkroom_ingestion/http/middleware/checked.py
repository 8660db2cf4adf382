"""Refuses requests whose callers may not send them."""

from starlette.types import ASGIApp, Receive, Scope, Send

from darkroom.errors import DarkroomError
from darkroom_ingestion.access.streams import AGAIN_S, STREAMED
from darkroom_ingestion.http.errors import refuse
from darkroom_ingestion.http.middleware.while_allowed import serve_while_allowed
from darkroom_ingestion.http.requests.checks import Checks


class Checked:
    """ASGI middleware: passes on the requests of callers who may send them, with the caller in the scope.

    Args:
        app: the application.
        checks: what is checked.
        again_s: how often to check the callers of responses that go on, in seconds.
    """

    def __init__(self, app: ASGIApp, checks: Checks, again_s: float = AGAIN_S) -> None:
        self._app, self._checks, self._again_s = app, checks, again_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "http":
            try:
                await self._checks.check(scope)
            except DarkroomError as error:
                await refuse(error, scope, receive, send)
                return
            if STREAMED in scope:
                await serve_while_allowed(self._app, self._checks.access, self._again_s, scope, receive, send)
                return
        await self._app(scope, receive, send)
