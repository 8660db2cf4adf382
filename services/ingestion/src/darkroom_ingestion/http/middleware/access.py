"""Access control: every request is refused, except those that the table of needed rights lets through."""

from starlette.types import ASGIApp, Receive, Scope, Send

from darkroom.errors import DarkroomError
from darkroom_ingestion.access.access import Access
from darkroom_ingestion.access.caller import CALLER
from darkroom_ingestion.access.head import Head
from darkroom_ingestion.access.needed import PUBLIC, Needed, goes_on, needed
from darkroom_ingestion.access.protocols import Forbidden
from darkroom_ingestion.access.streams import AGAIN_S, STREAMED
from darkroom_ingestion.http.errors import refuse
from darkroom_ingestion.http.middleware.while_allowed import serve_while_allowed


class AccessChecked:
    """ASGI middleware: passes on the requests of callers who may send them, with the caller in the scope.

    Rights are checked before anything is looked up: a refusal does not depend on whether a pipeline exists.

    Args:
        app: the application.
        access: access control.
        again_s: how often to check the callers of responses that go on, in seconds.
    """

    def __init__(self, app: ASGIApp, access: Access, again_s: float = AGAIN_S) -> None:
        self._app, self._access, self._again_s = app, access, again_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "http":
            try:
                await self._check(scope)
            except DarkroomError as error:
                await refuse(error, scope, receive, send)
                return
            if STREAMED in scope:
                await serve_while_allowed(self._app, self._access, self._again_s, scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _check(self, scope: Scope) -> None:
        what = needed(scope["method"], scope["path"])
        if what is PUBLIC:
            return
        caller = scope[CALLER] = await self._access.caller_of(Head(scope))
        if isinstance(what, Needed):
            await self._access.require(caller, what.rights, what.namespace, what.name)
        elif what is None:
            raise Forbidden(caller, None)
        if goes_on(scope["method"], scope["path"]):
            scope[STREAMED] = [f"{what.namespace}/{what.name}"] if isinstance(what, Needed) else []
