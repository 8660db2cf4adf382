"""Arrays as parameters of PostgreSQL."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import URL, Engine

from darkroom_ingestion.store.connecting import engine_of
from darkroom_ingestion.store.writing.arrays import Array
from tests.support.postgresql import make_database, postgresql

__all__ = ["postgresql"]

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def engine(postgresql: URL) -> Iterator[Engine]:
    engine = engine_of(make_database(postgresql))
    yield engine
    engine.dispose()


@pytest.mark.parametrize(
    ("sql_type", "values"),
    [
        ("TEXT", ["", 'ä{}"\\,\n', None, "NULL", "x" * 100_000]),
        ("TEXT", [None]),
        ("BIGINT", [-(2**63), 0, 2**63 - 1]),
        ("BIGINT", [1, None]),
        ("INTEGER", [-(2**31), 2**31 - 1]),
        ("DOUBLE PRECISION", [0.1, -1e308, 5e-324, 1, float("inf")]),
        ("DOUBLE PRECISION", [None, 0.25]),
    ],
)
def test_the_database_reads_the_values(engine: Engine, sql_type: str, values: list[Any]) -> None:
    query = f"SELECT * FROM unnest(%b::{sql_type}[]) WITH ORDINALITY AS it(value, number) ORDER BY number"
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(query, (Array(sql_type, values),)).all()

    assert [row.value for row in rows] == values


@pytest.mark.parametrize(("sql_type", "value"), [("BIGINT", 2**63), ("INTEGER", 2**31), ("TEXT", "\ud800")])
@pytest.mark.parametrize("others", [[], [None]])
def test_a_value_that_the_type_does_not_have_is_refused(sql_type: str, value: Any, others: list[Any]) -> None:
    with pytest.raises((OverflowError, UnicodeError)):
        Array(sql_type, [value, *others])
