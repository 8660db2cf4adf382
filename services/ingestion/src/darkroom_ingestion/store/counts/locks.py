"""Locks that keep counts exact while several replicas write."""

from collections.abc import Iterable

from sqlalchemy import Connection, text

_SPACE = 0x64726B63
_SHARED = text("SELECT pg_advisory_xact_lock_shared(:space, hashtext(:pipeline))")
_EXCLUSIVE = text("SELECT pg_advisory_xact_lock(:space, hashtext(:pipeline))")


def lock_results(connection: Connection, pipelines: Iterable[str], exclusive: Iterable[str]) -> None:
    """Lock the results of `pipelines` until the end of the transaction; those in `exclusive` for this replica alone.

    Which of two results of an image is the newest depends on both. With the same id, the index makes the later writer
    wait. With different ids, this lock does. SQLite has one writer at a time.
    """
    if connection.dialect.name == "sqlite":
        return
    alone = set(exclusive)
    for pipeline in sorted({*pipelines, *alone}):
        connection.execute(_EXCLUSIVE if pipeline in alone else _SHARED, {"space": _SPACE, "pipeline": pipeline})
