"""The same rows with the bare driver: the same tables, indexes, settings and transactions, in the fastest way found."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import psycopg
from sqlalchemy import make_url
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import Table

from darkroom_ingestion.store.connecting import FILLING_CACHE_KIB, sqlite_settings
from darkroom_ingestion.store.counts.changes import Changes
from darkroom_ingestion.store.tables import counts, result_labels, results
from darkroom_ingestion.store.writing.writes import Batch

_KEY = ", ".join(column.name for column in counts.primary_key)
_COUNT_MORE = f'ON CONFLICT ({_KEY}) DO UPDATE SET "count" = counts."count" + excluded."count"'
_MOVE = 'UPDATE positions SET next_offset = ? WHERE topic = ? AND "partition" = ? AND next_offset = ?'
_MOVE_ALL = """UPDATE positions SET next_offset = moved."end"
    FROM unnest(%s::bigint[], %s::text[], %s::integer[], %s::bigint[]) AS moved("end", topic, "partition", start)
    WHERE positions.topic = moved.topic AND positions."partition" = moved."partition" AND next_offset = moved.start"""

_Tuples = list[tuple[object, ...]]


@dataclass(frozen=True)
class Written:
    """What the store writes of a batch.

    Attributes:
        rows: results and their labels, all new.
        counts: what they add to the counts.
        moves: the positions: end, topic, partition, start.
    """

    rows: Mapping[Table, _Tuples]
    counts: _Tuples
    moves: _Tuples

    @classmethod
    def of(cls, batch: Batch) -> Self:
        """What the store writes of a batch of new results."""
        changes = Changes()
        changes.results(batch.rows.by_table[results])
        changes.labels(batch.rows.by_table[result_labels])
        changes.repeated(batch.rows.by_table[results])
        rows = {table: [tuple(row) for row in of_table] for table, of_table in batch.rows.by_table.items()}
        moves: _Tuples = [(end, *at, start) for at, (start, end) in sorted(batch.moves.items())]
        return cls(rows, sorted(changes.rows()), moves)


class Driver(Protocol):
    """A connection of the bare driver."""

    def write(self, written: Written) -> None:
        """Write a batch in one transaction."""

    def cpu_pid(self) -> int | None:
        """The process of the database server, if there is one."""

    def close(self) -> None:
        """Close the connection."""


class Sqlite:
    """Python's sqlite3."""

    def __init__(self, url: str) -> None:
        self._connection = sqlite3.connect(str(make_url(url).database), isolation_level=None, timeout=5)
        for setting in sqlite_settings(FILLING_CACHE_KIB):
            self._connection.execute(f"PRAGMA {setting}")

    def write(self, written: Written) -> None:
        """Insert with `executemany`."""
        self._connection.execute("BEGIN IMMEDIATE")
        for table, of_table in written.rows.items():
            self._connection.executemany(f"INSERT INTO {_into(table)} VALUES ({_marks(table)})", of_table)
        add = f"INSERT INTO {_into(counts)} VALUES ({_marks(counts)}) {_COUNT_MORE}"
        self._connection.executemany(add, written.counts)
        self._connection.executemany(_MOVE, written.moves)
        self._connection.execute("COMMIT")

    def cpu_pid(self) -> int | None:
        """None: the database works in this process."""
        return None

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class Postgresql:
    """psycopg."""

    def __init__(self, url: str) -> None:
        address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._connection = psycopg.connect(address)

    def write(self, written: Written) -> None:
        """Copy in the binary format."""
        with self._connection.cursor() as cursor:
            for table, of_table in written.rows.items():
                with cursor.copy(f"COPY {_into(table)} FROM STDIN (FORMAT BINARY)") as copy:
                    copy.set_types(_types(table))
                    for row in of_table:
                        copy.write_row(row)
            arrays = ", ".join(f"%s::{of_column}[]" for of_column in _types(counts))
            add = f"INSERT INTO {_into(counts)} SELECT * FROM unnest({arrays}) {_COUNT_MORE}"
            cursor.execute(add, _columns(written.counts))
            cursor.execute(_MOVE_ALL, _columns(written.moves))
        self._connection.commit()

    def cpu_pid(self) -> int | None:
        """The backend of the connection."""
        return self._connection.info.backend_pid

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _marks(table: Table) -> str:
    return ", ".join("?" * len(table.columns))


def _into(table: Table) -> str:
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    return f"{table.name} ({columns})"


def _types(table: Table) -> list[str]:
    compiled = (column.type.compile(postgresql.dialect()) for column in table.columns)  # type: ignore[no-untyped-call]
    return [of_column.lower() for of_column in compiled]


def _columns(rows: _Tuples) -> list[Sequence[object]]:
    return [list(column) for column in zip(*rows, strict=True)]
