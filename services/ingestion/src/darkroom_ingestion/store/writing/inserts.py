"""Inserts of many rows at once. They bypass SQLAlchemy's handling of parameters, which costs more than the insert.

PostgreSQL copies many rows, as nearly all are new: with `ON CONFLICT` it takes half as long again, because it inserts
each row alone. If a row of a copy is not new, the copy is undone, and all are inserted with `ON CONFLICT`.
"""

from collections.abc import Sequence
from functools import cache
from operator import itemgetter
from typing import Any, TypeVar

from sqlalchemy import Column, Connection, CursorResult
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import Table

from darkroom_ingestion.store.result_rows import LabelRow, ResultRow
from darkroom_ingestion.store.writing.arrays import Array

COPIED_TYPES = "copied_types"
"""The execution option of statements that copy rows: the types of the columns."""

_LEAST_COPIED = 50
"""Fewer rows cost more as a copy, which takes three round trips."""

_UNIQUE_VIOLATION = "23505"

_Order = tuple[Column[Any], ...]
_Row = TypeVar("_Row", dict[str, Any], ResultRow, LabelRow)


def insert_new(
    connection: Connection,
    table: Table,
    rows: Sequence[_Row],
    first_by: Sequence[Column[Any]] = (),
    *,
    last_by: Sequence[Column[Any]] = (),
) -> int:
    """Insert the rows whose primary keys are new. Returns how many rows were inserted or replaced.

    Args:
        connection: in a transaction.
        table: the table to insert into.
        rows: all with the same columns.
        first_by: of two rows with the same key, keep the one with the smaller values in these columns.
        last_by: likewise, keep the one with the greater values.
    """
    if not rows:
        return 0
    if first_by or last_by:
        rows = _one_per_key(table, rows, tuple(first_by or last_by), last=not first_by)
    elif _copied(connection, table, rows):
        return len(rows)
    return insert_rows(connection, table, rows, _on_conflict(table, tuple(first_by), tuple(last_by))).rowcount


def insert_absent(connection: Connection, table: Table, rows: Sequence[_Row]) -> Sequence[_Row]:
    """Insert the rows whose primary keys are new. Returns the rows that were inserted: the first with each such key.

    Args:
        connection: in a transaction that no other writes the table in, if it is SQLite.
        table: the table to insert into.
        rows: all with the same columns.
    """
    if not rows:
        return ()
    keys = tuple(column.name for column in table.primary_key)
    if connection.dialect.name == "sqlite":
        # A new row gets a greater rowid than all others, and sqlite3 does not return rows from `executemany`.
        last = connection.exec_driver_sql(f'SELECT max(rowid) FROM "{table.name}"').scalar()  # noqa: S608
        if insert_rows(connection, table, rows, "ON CONFLICT DO NOTHING").rowcount == len(rows):
            return rows
        newer = f'SELECT {_listed(keys)} FROM "{table.name}" WHERE rowid > ?'  # noqa: S608 - names of our own tables
        found = connection.exec_driver_sql(newer, (last or 0,)).all()
    else:
        if _copied(connection, table, rows):
            return rows
        found = insert_rows(connection, table, rows, f"ON CONFLICT DO NOTHING RETURNING {_listed(keys)}").all()
        if len(found) == len(rows):
            return rows
    first: dict[tuple[Any, ...], _Row] = {}
    for key, row in zip(_values(rows, keys), rows, strict=True):
        first.setdefault(key, row)
    return [first[tuple(key)] for key in found]


def insert_rows(connection: Connection, table: Table, rows: Sequence[_Row], kept: str) -> CursorResult[Any]:
    """Insert `rows`, which all have the same columns. `kept` is the clause for those that conflict."""
    return insert_values(connection, table, _names(rows[0]), _tuples(rows), kept)


def insert_values(
    connection: Connection, table: Table, names: Sequence[str], values: Sequence[tuple[Any, ...]], kept: str
) -> CursorResult[Any]:
    """As `insert_rows`, with the values of the columns `names` of each row."""
    into = f'INSERT INTO "{table.name}" ({_listed(names)})'
    if connection.dialect.name == "sqlite":
        return connection.exec_driver_sql(f"{into} VALUES ({', '.join('?' * len(names))}) {kept}", values)
    # One statement with an array per column: one round trip, planned once.
    rows, columns = unnested(table, names, values)
    return connection.exec_driver_sql(f"{into} SELECT * FROM {rows} {kept}", columns)  # noqa: S608 - our own names


def _copied(connection: Connection, table: Table, rows: Sequence[_Row]) -> bool:
    """PostgreSQL: copy the rows if there are many, and all their keys are new. Returns whether it has."""
    if connection.dialect.name == "sqlite" or len(rows) < _LEAST_COPIED:
        return False
    names = _names(rows[0])
    types = {COPIED_TYPES: [_postgresql_type(table, name).lower() for name in names]}
    copy = f'COPY "{table.name}" ({_listed(names)}) FROM STDIN (FORMAT BINARY)'
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(copy, _tuples(rows), types)
    except IntegrityError as error:
        if getattr(error.orig, "sqlstate", None) != _UNIQUE_VIOLATION:
            raise
        return False
    return True


def placeholder(connection: Connection) -> str:
    """The placeholder of a parameter in a statement for the database's driver."""
    return "?" if connection.dialect.name == "sqlite" else "%s"


def unnested(table: Table, names: Sequence[str], values: Sequence[tuple[Any, ...]]) -> tuple[str, tuple[Any, ...]]:
    """PostgreSQL: an expression whose rows are `values`, which are of the columns `names`, and its parameters."""
    types = [_postgresql_type(table, name) for name in names]
    columns = tuple(map(Array, types, zip(*values, strict=True)))
    return f"unnest({', '.join(f'%b::{of_column}[]' for of_column in types)})", columns


@cache
def _on_conflict(table: Table, first_by: _Order, last_by: _Order) -> str:
    if not (first_by or last_by):
        return "ON CONFLICT DO NOTHING"
    replaced = ", ".join(f'"{column.name}" = excluded."{column.name}"' for column in table.columns)
    order = [column.name for column in first_by or last_by]
    new = ", ".join(f'excluded."{name}"' for name in order)
    old = ", ".join(f'"{table.name}"."{name}"' for name in order)
    key = _listed([column.name for column in table.primary_key])
    return f"ON CONFLICT ({key}) DO UPDATE SET {replaced} WHERE ({new}) {'<' if first_by else '>'} ({old})"


@cache
def _postgresql_type(table: Table, name: str) -> str:
    return table.columns[name].type.compile(postgresql.dialect())  # type: ignore[no-untyped-call]


def _names(row: dict[str, Any] | ResultRow | LabelRow) -> tuple[str, ...]:
    return tuple(row) if isinstance(row, dict) else row._fields


def _tuples(rows: Sequence[_Row]) -> list[tuple[Any, ...]]:
    # sqlite3 takes a microsecond longer to bind values of a named tuple.
    return [tuple(row.values()) if isinstance(row, dict) else tuple(row) for row in rows]


def _values(rows: Sequence[_Row], names: Sequence[str]) -> list[Any]:
    """The values of the columns `names` of each row; of one column, the value alone."""
    of_row = _names(rows[0])
    return list(map(itemgetter(*map(of_row.index, names)), _tuples(rows)))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _one_per_key(table: Table, rows: Sequence[_Row], order: _Order, *, last: bool) -> Sequence[_Row]:
    """One row per key, because PostgreSQL refuses a statement that would change a row twice."""
    keys = _values(rows, [column.name for column in table.primary_key])
    if len(set(keys)) == len(rows):
        return rows
    orders = _values(rows, [column.name for column in order])
    chosen_at_the_end = sorted(zip(orders, keys, rows, strict=True), key=itemgetter(0), reverse=not last)
    return list({key: row for _, key, row in chosen_at_the_end}.values())
