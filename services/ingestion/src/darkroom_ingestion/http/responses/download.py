"""A response whose body is in memory, to a client that may read slowly or not at all."""

import asyncio
from collections.abc import Mapping

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from darkroom_ingestion.http.requests.memory import MemoryShare
from darkroom_ingestion.http.server.protocol import ABORT

_CHUNK_BYTES = 256 * 1024
_SEND_TIMEOUT_S = 20.0

log = structlog.get_logger("darkroom.ingestion.http")


class Download(Response):
    """A body that holds a share of the memory until it is sent. If the client stalls, the connection is aborted."""

    def __init__(
        self,
        content: bytes,
        share: MemoryShare,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        media_type: str | None = None,
    ) -> None:
        super().__init__(content, status, dict(headers or {}), media_type)
        self._share = share

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Send the body in chunks, so that only a few are in the connection's buffers."""
        body, self.body = memoryview(self.body), b""
        try:
            async with asyncio.timeout(_SEND_TIMEOUT_S) as waiting:
                await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
                for start in range(0, max(1, len(body)), _CHUNK_BYTES):
                    waiting.reschedule(asyncio.get_running_loop().time() + _SEND_TIMEOUT_S)
                    chunk = bytes(body[start : start + _CHUNK_BYTES])
                    more = start + _CHUNK_BYTES < len(body)
                    await send({"type": "http.response.body", "body": chunk, "more_body": more})
        except TimeoutError:
            log.info("closed the connection of a client that does not read its response", path=scope["path"])
            scope.get(ABORT, lambda: None)()
        finally:
            body.release()
            self._share.release()
