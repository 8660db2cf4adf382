"""Opening the store."""

import socket
from functools import partial
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import URL, create_engine, text

from darkroom_ingestion.store import opening
from darkroom_ingestion.store.connecting import BadDatabase
from darkroom_ingestion.store.opening import open_database
from darkroom_ingestion.store.queries import results_page
from darkroom_ingestion.store.tables import metadata
from tests.support.postgresql import STORES, make_database, postgresql

__all__ = ["postgresql"]


def test_the_migrations_lead_to_the_tables_that_the_code_uses(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/store.db")
    with database.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    database.close()

    assert differences == []


def test_a_store_keeps_its_name_when_it_is_opened_again(tmp_path: Path) -> None:
    first = open_database(f"sqlite:///{tmp_path}/one.db")
    first.close()
    again = open_database(f"sqlite:///{tmp_path}/one.db")
    other = open_database(f"sqlite:///{tmp_path}/two.db")
    again.close()
    other.close()

    assert first.instance == again.instance != other.instance


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("mysql://localhost/store", "mysql is not supported"),
        ("sqlite://", "SQLite needs a file"),
        ("nonsense", "sqlite:///FILE"),
        ("sqlite:///{folder}/none/store.db", "No such file or directory"),
        ("sqlite:///{folder}/letter.db", "not a database"),
        ("postgresql+psycopg://user:secret@127.0.0.1:1/store", "Connection refused"),
    ],
)
def test_a_bad_database_is_refused(tmp_path: Path, url: str, reason: str) -> None:
    (tmp_path / "letter.db").write_text("This is no database, but a letter that is somewhat longer than a header.")
    with pytest.raises(BadDatabase) as refused:
        open_database(url.format(folder=tmp_path))

    assert reason in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_store_that_another_process_has_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    first = open_database(url)
    with pytest.raises(BadDatabase, match="SQLite means one replica"):
        open_database(url)
    first.close()
    open_database(url).close()


@pytest.mark.parametrize("kind", STORES)
def test_results_of_an_earlier_version_keep_the_label_that_they_were_found_by(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    in_file = f"sqlite:///{tmp_path}/store.db"
    url = in_file if kind == "sqlite" else make_database(request.getfixturevalue("postgresql"))
    data = '{"predictions": [{"label": "seven", "score": 0.5}]}'
    row = {"pipeline": "demo/digits", "event_id": "i.classify", "image_id": "i", "stage": "classify", "at_ms": 5}
    row |= {"label": "seven", "score": 0.5, "topic": "results", "partition": 0, "offset": 3, "data": data}
    names, values = ", ".join(f'"{name}"' for name in row), ", ".join(f":{name}" for name in row)
    with create_engine(url).begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(opening.__file__).parent / "migrations"))
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
        connection.execute(text(f"INSERT INTO results ({names}) VALUES ({values})"), row)
    database = open_database(url)
    query = partial(results_page, pipeline="demo/digits", stage=None, after=None, limit=9, max_bytes=99)
    (found,), _ = database.read(partial(query, label="seven"))
    others, _ = database.read(partial(query, label="one"))
    database.close()

    assert (found.at_ms, found.data, others) == (5, data, [])
    assert found.summary == "seven 0.500"


@pytest.mark.processes
def test_postgresql_bounds_how_long_a_statement_takes(postgresql: URL) -> None:
    database = open_database(make_database(postgresql))
    shown = database.read(
        lambda c: [c.execute(text(f"SHOW {name}")).scalar() for name in ("statement_timeout", "lock_timeout")]
    )
    database.close()

    assert shown == ["30s", "30s"]


def test_a_postgresql_server_that_does_not_respond_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql+psycopg://user@127.0.0.1:{silent.getsockname()[1]}/store?connect_timeout=2"  # the shortest
        with pytest.raises(BadDatabase, match=r"can't be opened: .*timeout"):
            open_database(url)
