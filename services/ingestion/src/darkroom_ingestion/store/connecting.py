"""Connecting to the store: engine settings."""

import sqlite3
import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, select
from sqlalchemy.engine import ExecutionContext
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from darkroom.errors import DarkroomError
from darkroom_ingestion.store.database import THREADS, Database, reason_of
from darkroom_ingestion.store.tables import about
from darkroom_ingestion.store.writing.arrays import accept_arrays
from darkroom_ingestion.store.writing.inserts import COPIED_TYPES

_CACHE_KIB = 4_000
"""SQLite's pages in the memory of a connection. A process has up to 8 connections."""
FILLING_CACHE_KIB = 32_000
"""Of the connection that fills the store."""
REMOVING_CACHE_KIB = 1_000
"""Of the connection that removes rows: with more, it takes as long for a row."""
_BUSY_TIMEOUT_MS = 5_000
# PostgreSQL: the time limits for getting a connection, and for a statement.
_CONNECT_TIMEOUT_S, _STATEMENT_TIMEOUT_S = 5, 30


class BadDatabase(DarkroomError):
    """The store can't be opened."""


def connect(url: str, cache_kib: int = _CACHE_KIB) -> Database:
    """Another connection to a store that the process which started this one has opened.

    Args:
        url: the store.
        cache_kib: see `engine_of`.

    Raises:
        BadDatabase: the database can't be read.
    """
    engine = engine_of(url, cache_kib)
    try:
        with engine.connect() as connection:
            return Database(engine, instance_of(connection))
    except SQLAlchemyError as error:
        raise BadDatabase(f"the database can't be read: {reason_of(error)}") from error


def sqlite_settings(cache_kib: int) -> tuple[str, ...]:
    """What is set by PRAGMA statements for each connection to SQLite."""
    return (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        f"cache_size=-{cache_kib}",
        # Pages that several batches change are written to the database once: a fifth less is written in all.
        "wal_autocheckpoint=8000",
        "journal_size_limit=67108864",
    )


def engine_of(url: str, cache_kib: int = _CACHE_KIB) -> Engine:
    """The engine of a store, which has not connected yet.

    Args:
        url: the store.
        cache_kib: the most pages of SQLite in the memory of a connection.

    Raises:
        ArgumentError, NoSuchModuleError: the URL is invalid.
        ModuleNotFoundError: its driver is missing.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        engine = create_engine(
            parsed.update_query_dict(_postgresql_options(parsed)),
            pool_size=THREADS + 2,
            pool_pre_ping=True,
            pool_timeout=_CONNECT_TIMEOUT_S,
        )
        event.listen(engine, "connect", lambda connection, _record: accept_arrays(connection))
        event.listen(engine, "do_executemany", _copy)
        return engine
    if parsed.get_backend_name() != "sqlite":
        raise ArgumentError(f"{parsed.get_backend_name()} is not supported")
    if parsed.database in {None, "", ":memory:"}:
        raise ArgumentError("SQLite needs a file")
    engine = create_engine(
        parsed,
        pool_size=THREADS + 2,
        # A connection that was needed once, beside another, does not fill its cache afterwards.
        pool_use_lifo=True,
        connect_args={"check_same_thread": False, "timeout": _BUSY_TIMEOUT_MS / 1000},
    )

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _record: object) -> None:
        # SQLAlchemy begins transactions (below) instead of the driver, which would not begin one for reads.
        connection.isolation_level = None
        for setting in sqlite_settings(cache_kib):
            connection.execute(f"PRAGMA {setting}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
        connection.exec_driver_sql(f"BEGIN {mode}")

    return engine


def instance_of(connection: Connection) -> str:
    """The store's unique id, generated when it was created."""
    row = connection.execute(select(about.c.value).where(about.c.name == "instance")).scalar()
    if row is not None:
        return str(row)
    instance = uuid.uuid4().hex[:12]
    connection.execute(about.insert(), {"name": "instance", "value": instance})
    return instance


def _copy(cursor: Any, statement: str, rows: Sequence[tuple[Any, ...]], context: ExecutionContext) -> bool:
    """Perform a statement that copies rows. Returns whether it is one: SQLAlchemy knows only other statements."""
    types = context.execution_options.get(COPIED_TYPES)
    if types is None:
        return False
    with cursor.copy(statement) as copy:
        copy.set_types(types)
        write_row = copy.write_row
        for row in rows:
            write_row(row)
    return True


def _postgresql_options(url: URL) -> dict[str, str]:
    """Time limits for connections, unless `url` sets them."""
    milliseconds = _STATEMENT_TIMEOUT_S * 1000
    bounds = {
        "connect_timeout": str(_CONNECT_TIMEOUT_S),
        # Detects that the other end has disappeared. Source: libpq, "Parameter Key Words".
        "keepalives_idle": "15",
        "keepalives_interval": "5",
        "keepalives_count": "3",
        "tcp_user_timeout": str(milliseconds),
        "options": f"-c statement_timeout={milliseconds} -c lock_timeout={milliseconds}",
    }
    return {name: value for name, value in bounds.items() if name not in url.query}
