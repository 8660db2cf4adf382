"""Opening the store: its lock and its migrations.

Apart from `connecting`: the process that fills the store needs no Alembic, which takes long to import.
"""

import fcntl
import os
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from darkroom_ingestion.store.connecting import BadDatabase, engine_of, instance_of
from darkroom_ingestion.store.counts.derived import derive_if_outdated
from darkroom_ingestion.store.database import Database, reason_of

_MIGRATION_LOCK = 0x6461726B


def open_database(url: str) -> Database:
    """Open the store at `url` and migrate it to the current schema.

    Raises:
        BadDatabase: the URL is invalid, its driver is missing, or the database can't be opened or written.
    """
    try:
        engine = engine_of(url)
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
            instance = instance_of(connection)
    except (SQLAlchemyError, OSError) as error:
        raise BadDatabase(f"database {shown} can't be opened: {reason_of(error)}") from error
    return Database(engine, instance, lock)


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


def _migrate(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
