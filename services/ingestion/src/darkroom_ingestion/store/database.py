"""The store's database: reads, writes, and the classification of errors."""

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Connection, Engine, update
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    ProgrammingError,
    SQLAlchemyError,
)

from darkroom.errors import DarkroomError
from darkroom_ingestion.store.tables import about

THREADS = 6
_MOST_QUEUED = 512
_REQUEST_TIMEOUT_S = 45.0
"""Longer than connecting and a statement may take: reached only if the database has stopped responding."""
_T = TypeVar("_T")
_NOT_CONVERTED = (OverflowError, UnicodeError)
"""The errors of drivers for values that they can't convert."""


class StoreUnavailable(DarkroomError):
    """The store could not perform an operation: it is full, locked, or unreachable."""


class RowRefused(StoreUnavailable):
    """The database works, but refuses the data."""


class Database:
    """The store's database. Thread-safe.

    Attributes:
        request_timeout_s: how long `reading` waits for the database.
    """

    def __init__(self, engine: Engine, instance: str, lock: int | None = None) -> None:
        self.engine = engine
        self.instance = instance
        self._lock = lock
        # SQLite: a transaction that reads before it writes can't wait for another writer, so it starts as a writer.
        self._writer = engine.execution_options(sqlite_begin="IMMEDIATE")
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="store")
        self._queued, self._counting = 0, threading.Lock()
        self.request_timeout_s = _REQUEST_TIMEOUT_S

    @property
    def single_replica(self) -> bool:
        """Whether only one replica can use the store."""
        return self.engine.dialect.name == "sqlite"

    def read(self, work: Callable[[Connection], _T]) -> _T:
        """Run `work` on a connection.

        Raises:
            StoreUnavailable: the database failed.
        """
        try:
            with self.engine.connect() as connection:
                return work(connection)
        except SQLAlchemyError as error:
            raise StoreUnavailable(reason_of(error)) from error

    def write(self, work: Callable[[Connection], _T]) -> _T:
        """Run `work` in a transaction.

        Raises:
            StoreUnavailable: the database failed; the transaction is rolled back.
            RowRefused: the database refuses the data. A retry would fail too.
        """
        try:
            with self._writer.begin() as connection:
                return work(connection)
        except (SQLAlchemyError, *_NOT_CONVERTED) as error:
            raise (RowRefused if is_refusal(error) else StoreUnavailable)(reason_of(error)) from error

    async def reading(self, work: Callable[[Connection], _T]) -> _T:
        """`read` from the event loop.

        Raises:
            StoreUnavailable: the database failed, or too many requests wait for it.
        """
        return await self._in_thread(self.read, work)

    async def writing(self, work: Callable[[Connection], _T]) -> _T:
        """`write` from the event loop.

        Raises:
            StoreUnavailable: the database failed, or too many requests wait for it.
            RowRefused: the database refuses the data. A retry would fail too.
        """
        return await self._in_thread(self.write, work)

    async def _in_thread(self, run: Callable[[Callable[[Connection], _T]], _T], work: Callable[[Connection], _T]) -> _T:
        if self._queued >= _MOST_QUEUED:
            raise StoreUnavailable(f"{_MOST_QUEUED} requests are already waiting for the store")
        with self._counting:
            self._queued += 1
        future = self._threads.submit(run, work)
        future.add_done_callback(self._dequeue)
        try:
            async with asyncio.timeout(self.request_timeout_s):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            raise StoreUnavailable(f"the store did not respond within {self.request_timeout_s:g} s") from None

    def _dequeue(self, _: object) -> None:
        with self._counting:
            self._queued -= 1

    def close(self) -> None:
        """Close all connections."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        self.engine.dispose()
        if self._lock is not None:
            os.close(self._lock)


def is_refusal(error: BaseException) -> bool:
    """Whether the database refuses the data, so that a retry would fail too."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, _NOT_CONVERTED)
    if error.connection_invalidated:
        return False
    state = getattr(error.orig, "sqlstate", None)
    if isinstance(state, str):
        # PostgreSQL: bad data, a constraint, a limit such as the size of an index row. psycopg takes the last for an
        # operational error. Source: PostgreSQL 17, appendix A.
        return state.startswith(("22", "23", "54"))
    return isinstance(error, (DataError, IntegrityError, InterfaceError, ProgrammingError))


def probe_write(connection: Connection) -> None:
    """Write a meaningless value, to check whether the store can be written."""
    connection.execute(update(about).where(about.c.name == "instance").values(value=about.c.value))


def reason_of(error: BaseException) -> str:
    """The driver's message, without the statement."""
    return str(error.orig).strip() if isinstance(error, DBAPIError) and error.orig else str(error)
