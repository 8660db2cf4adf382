"""Thumbnails: from the cache, or made once."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import IntEnum
from typing import Final

from darkroom.errors import DarkroomError
from darkroom_ingestion.thumbnails.decoder import Decoder, NoThumbnail
from darkroom_ingestion.thumbnails.shared_work import SharedWork

Key = tuple[str, int, int, str, int]
"""Topic, partition and offset of a file, the id of its image, and the size of its thumbnail.

After a Kafka has been replaced, another image has the same offset. The id is empty for a dead letter.
"""

_CACHE_BYTES: Final = 16 * 2**20
_ENTRY_BYTES: Final = 500
"""Memory of an entry in bytes, without its content."""
_MOST_WAITING: Final = 64
_PATIENCE_S: Final = 20.0
"""How long a request waits for its turn, if files before it take long."""


class Size(IntEnum):
    """The longer side of a thumbnail in pixels."""

    SMALL = 160
    MEDIUM = 320
    LARGE = 640


class TooManyThumbnails(DarkroomError):
    """Too many thumbnails are being made."""


class Thumbnails:
    """The thumbnails of one process. Used from the event loop only.

    That a file has no thumbnail is cached too, so that a file that takes long takes long once.

    Attributes:
        in_progress: requests that read a file and make its thumbnail.
    """

    def __init__(
        self,
        decoder: Decoder | None = None,
        cache_bytes: int = _CACHE_BYTES,
        most_waiting: int = _MOST_WAITING,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        self._decoder = decoder or Decoder()
        self._cache_bytes, self._most_waiting, self._patience_s = cache_bytes, most_waiting, patience_s
        self._cached: OrderedDict[Key, bytes | NoThumbnail] = OrderedDict()
        self._bytes = 0
        self._turn = asyncio.Lock()
        self.in_progress: SharedWork[Key, bytes] = SharedWork()
        self._waiting = 0

    def cached(self, key: Key) -> bytes | None:
        """The thumbnail if it was made lately.

        Raises:
            NoThumbnail: it was tried lately, and the file has none.
        """
        known = self._cached.get(key)
        if known is None:
            return None
        self._cached.move_to_end(key)
        if isinstance(known, NoThumbnail):
            raise NoThumbnail(str(known))
        return known

    @asynccontextmanager
    async def waiting(self) -> AsyncIterator[None]:
        """A place among the requests that read a file and wait for its thumbnail.

        Raises:
            TooManyThumbnails: all places are taken.
        """
        if self._waiting >= self._most_waiting:
            raise TooManyThumbnails(f"{self._waiting} thumbnails are being made already: try again in a moment.")
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1

    async def make(self, key: Key, data: bytes) -> bytes:
        """The thumbnail of the file with this content.

        Raises:
            NoThumbnail: the file can't be decoded.
            TooManyThumbnails: those before it take too long.
        """
        try:
            async with asyncio.timeout(self._patience_s):
                await self._turn.acquire()
        except TimeoutError:
            raise TooManyThumbnails("other files take long to decode: try again in a moment.") from None
        # Completed even if the request is cancelled: otherwise, the process would have to be started again.
        return await asyncio.shield(asyncio.create_task(self._make(key, data)))

    async def _make(self, key: Key, data: bytes) -> bytes:
        try:
            made = self.cached(key)  # by a request that was before this one
            if made is None:
                try:
                    made = await self._decoder.thumbnail(data, key[-1])
                except NoThumbnail as error:
                    self._keep(key, error)
                    raise
                self._keep(key, made)
            return made
        finally:
            self._turn.release()

    async def close(self) -> None:
        """End the process that makes thumbnails."""
        await self._decoder.close()

    def _keep(self, key: Key, content: bytes | NoThumbnail) -> None:
        self._bytes += _bytes(content) - _bytes(self._cached.pop(key, None))
        self._cached[key] = content
        while self._bytes > self._cache_bytes:
            self._bytes -= _bytes(self._cached.popitem(last=False)[1])


def _bytes(content: bytes | NoThumbnail | None) -> int:
    return 0 if content is None else _ENTRY_BYTES + (len(content) if isinstance(content, bytes) else 0)
