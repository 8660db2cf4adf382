"""One Secret, polled by its name: the service's role allows only `get` on Secrets."""

import asyncio
import base64
import binascii
from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog

from darkroom_ingestion.catalog.cluster.api_server import ApiError, ApiServer

if TYPE_CHECKING:
    from darkroom_ingestion.catalog.cluster.credentials import Content

_LOOK_AGAIN_S = 20.0
_MISSING_S = 1.0
_NOT_FOUND = 404

log = structlog.get_logger("darkroom.ingestion.cluster")


class KnownSecret:
    """The content of a Secret.

    Args:
        changed: called on the event loop when the content changes.
    """

    def __init__(self, api_server: ApiServer, namespace: str, name: str, changed: Callable[[], None]) -> None:
        self._api_server = api_server
        self._path = f"/api/v1/namespaces/{namespace}/secrets/{name}"
        self._changed = changed
        self.name = f"{namespace}/{name}"
        self.content: Content = {}
        self.problem: str | None = "it has not been read yet"
        self.asked = False

    async def follow(self) -> None:
        """Keep the content up to date until cancelled. While the Secret can't be read, the last content is kept."""
        while True:
            before = (self.content, self.problem, self.asked)
            try:
                async with self._api_server.connected() as connection:
                    live = await connection.get(self._path)
                self.content = {name: base64.b64decode(value) for name, value in (live.get("data") or {}).items()}
                self.problem = None
            except ApiError as error:
                self.problem = "it does not exist" if error.status == _NOT_FOUND else str(error)
            except binascii.Error as error:
                self.problem = f"it is not base64: {error}"
            self.asked = True
            if (self.content, self.problem, self.asked) != before:
                if self.problem is not None:
                    log.warning("secret can't be read", secret=self.name, reason=self.problem)
                self._changed()
            await asyncio.sleep(_LOOK_AGAIN_S if self.problem is None else _MISSING_S)
