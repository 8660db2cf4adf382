"""A real PostgreSQL, if it is installed; DARKROOM_TEST_POSTGRESQL names a running one."""

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, make_url, text

# The databases of a store, for fixtures and parametrize.
STORES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.processes)]
_TIMEOUT_S = 60
# PostgreSQL refuses to run as root.
_USER = "nobody" if os.geteuid() == 0 else None


@pytest.fixture(scope="session")
def postgresql() -> Iterator[URL]:
    """The URL of the database `postgres` of a server."""
    with running_postgresql() as address:
        if address is None:
            pytest.skip("there is no PostgreSQL here: install it, or name one in DARKROOM_TEST_POSTGRESQL")
        yield address


@contextmanager
def running_postgresql() -> Iterator[URL | None]:
    """The URL of the database `postgres` of a server; None if there is none."""
    if address := os.environ.get("DARKROOM_TEST_POSTGRESQL"):
        yield make_url(address).set(drivername="postgresql+psycopg")
    elif programs := _programs():
        with _running(programs) as address:
            yield address
    else:
        yield None


def make_database(server: URL) -> str:
    """Create a database. Returns its URL."""
    name = f"t{uuid.uuid4().hex[:12]}"
    with create_engine(server, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    return server.set(database=name).render_as_string(hide_password=False)


@contextmanager
def _running(programs: Path) -> Iterator[URL]:
    folder = Path(tempfile.mkdtemp(prefix="darkroom-pg-"))
    if _USER:
        shutil.chown(folder, _USER)
    # On a socket in its folder, to need no port.
    data, options = folder / "data", f"-k {folder} -c listen_addresses= -c fsync=off"
    try:
        _run(programs / "initdb", "-D", data, "-U", "darkroom", "-A", "trust", "-E", "UTF8")
        _run(programs / "pg_ctl", "-D", data, "-o", options, "-l", folder / "log", "-w", "start")
        try:
            where = {"host": str(folder)}
            yield URL.create("postgresql+psycopg", "darkroom", database="postgres", query=where)
        finally:
            _run(programs / "pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(program: Path, *arguments: object) -> None:
    subprocess.run(
        [str(program), *map(str, arguments)],
        check=True,
        timeout=_TIMEOUT_S,
        user=_USER,
        stdout=subprocess.DEVNULL,
        cwd="/",
    )


def _programs() -> Path | None:
    found = shutil.which("initdb")
    candidates = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next((path for path in reversed(candidates) if (path / "pg_ctl").exists()), None)
