"""A response that is made while it is sent."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from darkroom_ingestion.http.server.protocol import ABORT

_SEND_TIMEOUT_S = 20.0

log = structlog.get_logger("darkroom.ingestion.http")


class Streamed(Response):
    """A body in chunks, each made once the one before is sent. If the client stalls, the connection is aborted.

    If a chunk can't be made, the connection is aborted too: a body without its end must not look complete.
    """

    def __init__(self, chunks: AsyncGenerator[bytes, None], headers: Mapping[str, str], media_type: str) -> None:
        super().__init__(headers=dict(headers), media_type=media_type)
        del self.headers["content-length"]
        self._chunks = chunks

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Send the chunks; for HEAD, only the headers."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        try:
            async with aclosing(self._chunks) as chunks:
                if scope["method"] == "HEAD":  # as HeadAsGet says from here on
                    return
                async for chunk in chunks:
                    async with asyncio.timeout(_SEND_TIMEOUT_S):
                        await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            log.info("closed the connection of a client that does not read its response", path=scope["path"])
            scope.get(ABORT, lambda: None)()
        except Exception:
            scope.get(ABORT, lambda: None)()
            raise
