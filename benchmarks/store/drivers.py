"""The same rows with the bare driver: the same tables, indexes, settings, statements and transactions."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Protocol

import psycopg
from sqlalchemy import make_url
from sqlalchemy.schema import Table

from darkroom_ingestion.store.connecting import SQLITE_SETTINGS

RowsOf = Mapping[Table, Sequence[tuple[object, ...]]]


class Driver(Protocol):
    """A connection of the bare driver."""

    def write(self, rows: RowsOf) -> None:
        """Insert results and their labels in one transaction. Of those with the same key, the first one stays."""

    def cpu_pid(self) -> int | None:
        """The process of the database server, if there is one."""

    def close(self) -> None:
        """Close the connection."""


class Sqlite:
    """Python's sqlite3."""

    def __init__(self, url: str) -> None:
        self._connection = sqlite3.connect(str(make_url(url).database), isolation_level=None, timeout=5)
        for setting in SQLITE_SETTINGS:
            self._connection.execute(f"PRAGMA {setting}")

    def write(self, rows: RowsOf) -> None:
        """Insert with `executemany`."""
        self._connection.execute("BEGIN IMMEDIATE")
        for table, of_table in rows.items():
            self._connection.executemany(_insert(table, f"VALUES ({', '.join('?' * len(table.columns))})"), of_table)
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
        self._connection.execute("CREATE TEMP TABLE results_copied (LIKE results) ON COMMIT DELETE ROWS")
        self._connection.execute("CREATE TEMP TABLE result_labels_copied (LIKE result_labels) ON COMMIT DELETE ROWS")
        self._connection.commit()

    def write(self, rows: RowsOf) -> None:
        """Copy to a temporary table, and insert from there: the fastest way that was found."""
        with self._connection.cursor() as cursor:
            for table, of_table in rows.items():
                columns = ", ".join(f'"{column.name}"' for column in table.columns)
                with cursor.copy(f"COPY {table.name}_copied ({columns}) FROM STDIN") as copy:
                    for row in of_table:
                        copy.write_row(row)
                cursor.execute(_insert(table, f"SELECT {columns} FROM {table.name}_copied"))
        self._connection.commit()

    def cpu_pid(self) -> int | None:
        """The backend of the connection."""
        return self._connection.info.backend_pid

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _insert(table: Table, source: str) -> str:
    """The statement that inserts `source`, like that of the store."""
    names = [f'"{column.name}"' for column in table.columns]
    key = ", ".join(column.name for column in table.primary_key)
    into = f"INSERT INTO {table.name} ({', '.join(names)})"
    return f"{into} {source} ON CONFLICT ({key}) DO NOTHING"
