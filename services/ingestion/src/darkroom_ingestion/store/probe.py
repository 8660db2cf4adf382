"""Checks whether the store can be written."""

import asyncio
import time

from darkroom_ingestion.store.database import Database, StoreUnavailable, probe_write

_VALID_S = 10.0


class WriteProbe:
    """Caches the result of a test write, to limit how often it is made."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._written_at: float | None = None
        self._lock = asyncio.Lock()

    async def problem(self) -> str | None:
        """Why the store can't be written; None if it can."""
        async with self._lock:
            if self._written_at is not None and time.monotonic() - self._written_at < _VALID_S:
                return None
            try:
                await self._database.writing(probe_write)
            except StoreUnavailable as error:
                self._written_at = None
                return str(error)
            self._written_at = time.monotonic()
            return None
