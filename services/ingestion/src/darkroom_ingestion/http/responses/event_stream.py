"""A response of server-sent events."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import structlog
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from darkroom_ingestion.http.live_clients import LiveClients
from darkroom_ingestion.http.problems import HttpProblem, answer
from darkroom_ingestion.http.requests.disconnection import until_disconnected
from darkroom_ingestion.http.server import ABORT
from darkroom_ingestion.metrics import Metrics

_SEND_TIMEOUT_S = 20.0

log = structlog.get_logger("darkroom.ingestion.feed")


class EventStream(Response):
    """Server-sent events. A client that does not read for a while is disconnected, because its buffers use memory."""

    media_type = "text/event-stream"

    def __init__(
        self, chunks: AsyncGenerator[bytes, None], metrics: Metrics, clients: LiveClients, address: str
    ) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._chunks, self._metrics, self._clients, self._address = chunks, metrics, clients, address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the chunks end or the client disconnects."""
        try:
            self._clients.enter(self._address)
        except HttpProblem as problem:
            await self._chunks.aclose()
            await answer(problem, scope["path"])(scope, receive, send)
            return
        try:
            await self._serve(scope, receive, send)
        finally:
            self._clients.leave(self._address)

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
