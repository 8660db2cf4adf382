"""Opening the store: engine settings, lock, migrations."""

import fcntl
import os
import sqlite3
import uuid
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, select, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from darkroom.errors import DarkroomError
from darkroom_ingestion.store.counts.derived import derive_if_outdated
from darkroom_ingestion.store.database import THREADS, Database, reason_of
from darkroom_ingestion.store.tables import about

SQLITE_SETTINGS = (
    "journal_mode=WAL",
    "synchronous=NORMAL",
    "cache_size=-32000",
    # Pages that several batches change are written to the database once: a fifth less is written in all.
    "wal_autocheckpoint=8000",
    "journal_size_limit=67108864",
)
_BUSY_TIMEOUT_MS = 5_000
# PostgreSQL: the time limits for getting a connection, and for a statement.
_CONNECT_TIMEOUT_S, _STATEMENT_TIMEOUT_S = 5, 30
_MIGRATION_LOCK = 0x6461726B


class BadDatabase(DarkroomError):
    """The store can't be opened."""


def open_database(url: str) -> Database:
    """Open the store at `url` and migrate it to the current schema.

    Raises:
        BadDatabase: the URL is invalid, its driver is missing, or the database can't be opened or written.
    """
    try:
        engine = _engine(url)
    except (ArgumentError, NoSuchModuleError) as error:
        raise BadDatabase(
            f"database {url!r} can't be used: {error}: write sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME"
        ) from error
    except ModuleNotFoundError as error:
        raise BadDatabase(
            f"database: the driver {error.name} is not installed: install darkroom-ingestion[postgresql]"
        ) from error
    shown = engine.url.render_as_string(hide_password=True)
    lock = _keep_to_ourselves(engine)
    try:
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                # Replicas that start at the same time migrate one after the other. A migration has no time limit.
                connection.execute(text("SET LOCAL statement_timeout = 0"))
                connection.execute(text("SET LOCAL lock_timeout = 0"))
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
            _migrate(connection)
            derive_if_outdated(connection)
            instance = _instance(connection)
    except (SQLAlchemyError, OSError) as error:
        raise BadDatabase(f"database {shown} can't be opened: {reason_of(error)}") from error
    return Database(engine, instance, lock)


def connect(url: str) -> Database:
    """Another connection to a store that the process which started this one has opened.

    Raises:
        BadDatabase: the database can't be read.
    """
    engine = _engine(url)
    try:
        with engine.connect() as connection:
            return Database(engine, _instance(connection))
    except SQLAlchemyError as error:
        raise BadDatabase(f"the database can't be read: {reason_of(error)}") from error


def _keep_to_ourselves(engine: Engine) -> int | None:
    """Lock a SQLite store until the returned descriptor is closed or the process ends.

    Raises:
        BadDatabase: another process has locked the store.
    """
    if engine.dialect.name != "sqlite":
        return None
    path = Path(f"{engine.url.database}.lock")
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise BadDatabase(
            f"database {engine.url.database} is in use by another process: "
            "SQLite means one replica; stop the other, or use PostgreSQL"
        ) from error
    except OSError as error:
        raise BadDatabase(f"database {engine.url.database} can't be opened: {path}: {error.strerror}") from error
    return file


def _engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        return create_engine(
            parsed.update_query_dict(_postgresql_options(parsed)),
            pool_size=THREADS + 2,
            pool_pre_ping=True,
            pool_timeout=_CONNECT_TIMEOUT_S,
        )
    if parsed.get_backend_name() != "sqlite":
        raise ArgumentError(f"{parsed.get_backend_name()} is not supported")
    if parsed.database in {None, "", ":memory:"}:
        raise ArgumentError("SQLite needs a file")
    engine = create_engine(
        parsed, pool_size=THREADS + 2, connect_args={"check_same_thread": False, "timeout": _BUSY_TIMEOUT_MS / 1000}
    )

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _record: object) -> None:
        # SQLAlchemy begins transactions (below) instead of the driver, which would not begin one for reads.
        connection.isolation_level = None
        for setting in SQLITE_SETTINGS:
            connection.execute(f"PRAGMA {setting}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
        connection.exec_driver_sql(f"BEGIN {mode}")

    return engine


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


def _migrate(connection: Connection) -> None:
    # A sixth of the time of an import of this module, which the process that fills the store needs too.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _instance(connection: Connection) -> str:
    """The store's unique id, generated when it was created."""
    row = connection.execute(select(about.c.value).where(about.c.name == "instance")).scalar()
    if row is not None:
        return str(row)
    instance = uuid.uuid4().hex[:12]
    connection.execute(about.insert(), {"name": "instance", "value": instance})
    return instance
