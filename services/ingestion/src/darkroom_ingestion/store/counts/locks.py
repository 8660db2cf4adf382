"""Locks that keep counts exact while several replicas write."""

from collections.abc import Iterable

from sqlalchemy import Connection

_SPACE = 0x64726B63
_SHARED = "SELECT pg_advisory_xact_lock_shared(%s, hashtext(%s))"
_EXCLUSIVE = "SELECT pg_advisory_xact_lock(%s, hashtext(%s))"


def lock_results(connection: Connection, pipelines: Iterable[str], exclusive: Iterable[str]) -> None:
    """Lock the results of `pipelines` until the end of the transaction; those in `exclusive` for this replica alone.

    Which of two results of an image is the newest depends on both. With the same id, the index makes the later writer
    wait. With different ids, this lock does. SQLite has one writer at a time.
    """
    if connection.dialect.name == "sqlite":
        return
    alone = set(exclusive)
    for pipeline in sorted({*pipelines, *alone}):
        connection.exec_driver_sql(_EXCLUSIVE if pipeline in alone else _SHARED, (_SPACE, pipeline))
