"""A response of server-sent events."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import structlog
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from darkroom_ingestion.http.errors import problem_of
from darkroom_ingestion.http.problems import answer
from darkroom_ingestion.http.requests.disconnection import until_disconnected
from darkroom_ingestion.http.server.protocol import ABORT
from darkroom_ingestion.limits.callers import CallerLimits, LimitReached, TooManyHeld
from darkroom_ingestion.metrics import Metrics

_SEND_TIMEOUT_S = 20.0

log = structlog.get_logger("darkroom.ingestion.feed")


class EventStream(Response):
    """Server-sent events. A client that does not read for a while is disconnected, because its buffers use memory."""

    media_type = "text/event-stream"

    def __init__(
        self, chunks: AsyncGenerator[bytes, None], metrics: Metrics, limits: CallerLimits, caller: str
    ) -> None:
        """`caller` is the key of the client in `limits`."""
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._chunks, self._metrics, self._limits, self._caller = chunks, metrics, limits, caller

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the chunks end or the client disconnects."""
        try:
            with self._limits.holding("streams", self._caller):
                await self._serve(scope, receive, send)
        except (LimitReached, TooManyHeld) as refusal:
            await self._chunks.aclose()
            await answer(problem_of(refusal), scope["path"])(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._metrics.sse_clients.track_inprogress():
            await until_disconnected(receive, self._send_all(scope, send))

    async def _send_all(self, scope: Scope, send: Send) -> None:
        start: Message = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        await send(start)
        try:
            # Close immediately after a disconnect: until then the client counts as a reader.
            async with aclosing(self._chunks) as chunks:
                async for chunk in chunks:
                    async with asyncio.timeout(_SEND_TIMEOUT_S):
                        await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            self._metrics.sse_dropped.inc()
            log.info("closed the live feed of a client that does not read it")
            scope.get(ABORT, lambda: None)()
