"""The migrations lead to the tables that the code uses."""

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from darkroom_ingestion.store.database import open_database
from darkroom_ingestion.store.tables import metadata


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
