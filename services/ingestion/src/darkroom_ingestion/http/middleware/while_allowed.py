"""Ends a response that goes on when its caller loses the right to it."""

import asyncio
from typing import Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from darkroom_ingestion.access.access import Access
from darkroom_ingestion.access.head import Head
from darkroom_ingestion.access.streams import STREAMED, until_refused
from darkroom_ingestion.http.problems import answer, forbidden
from darkroom_ingestion.http.server.protocol import ABORT

_EVENTS: Final = b"text/event-stream"
_END: Final = 'event: end\ndata: {{"reason": "{}"}}\n\n'

log = structlog.get_logger("darkroom.ingestion.access")


async def serve_while_allowed(
    app: ASGIApp, access: Access, again_s: float, scope: Scope, receive: Receive, send: Send
) -> None:
    """Pass a request on to `app`. A stream of events ends with an event that says why; any other body is cut off.

    The caller is checked every `again_s` seconds, and its right to the pipelines that the scope names.
    """
    start: Message | None = None

    async def sending(message: Message) -> None:
        nonlocal start
        if message["type"] == "http.response.start":
            start = message
        await send(message)

    serving = asyncio.ensure_future(app(scope, receive, sending))
    refused = asyncio.ensure_future(until_refused(access, Head(scope), scope[STREAMED], again_s))
    try:
        await asyncio.wait([serving, refused], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (serving, refused):
            task.cancel()
        await asyncio.gather(serving, refused, return_exceptions=True)
    if not serving.cancelled():
        serving.result()
        return
    reason = refused.result()
    log.info("ended a response whose caller may no longer read it", path=scope["path"], reason=reason)
    if start is None:
        await answer(forbidden(f"The response was not ready when {reason}."), scope["path"])(scope, receive, send)
    elif dict(start["headers"]).get(b"content-type", b"").startswith(_EVENTS):
        await send({"type": "http.response.body", "body": _END.format(reason).encode(), "more_body": False})
    else:
        scope.get(ABORT, lambda: None)()
