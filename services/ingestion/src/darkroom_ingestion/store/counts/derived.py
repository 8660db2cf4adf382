"""Rows and columns that are made from other rows of the store. A store of an earlier version gets them when opened."""

import json
from itertools import chain
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, tuple_, update
from sqlalchemy.sql.expression import Select

from darkroom.result_fields import summary_of
from darkroom_ingestion.records.text import storable
from darkroom_ingestion.store.counts.changes import Changes
from darkroom_ingestion.store.counts.newest import labels_of_results
from darkroom_ingestion.store.queries import superseded
from darkroom_ingestion.store.result_rows import StoredResult, found_in, label_rows
from darkroom_ingestion.store.tables import about, counts, dead_letters, images, result_labels, results
from darkroom_ingestion.store.writing.inserts import insert_new

_VERSION = "2"
"""Changed when the rule is changed by which rows are derived: then all are made again."""

_NAME = "derived"
_AT_ONCE = 1_000
_EVENT = (results.c.pipeline, results.c.event_id)
_BEST = update(results).where(
    results.c.pipeline == bindparam("of_pipeline"), results.c.event_id == bindparam("of_event")
)


def derive_if_outdated(connection: Connection) -> None:
    """Derive labels and counts from the rows of images, results and dead letters, unless this version has."""
    version = connection.execute(select(about.c.value).where(about.c.name == _NAME)).scalar()
    if version == _VERSION:
        return
    for table in (counts, result_labels):
        connection.execute(delete(table))
    _derive_from_results(connection)
    changes = Changes()
    for row in _all(connection, select(images.c.pipeline, images.c.received_at_ms, images.c.bytes)):
        changes.images([row])
    for row in _all(connection, select(*(dead_letters.c[name] for name in ("pipeline", "stage", "at_ms", "reason")))):
        changes.failures([row])
    changes.write(connection)
    connection.execute(delete(about).where(about.c.name == _NAME))
    connection.execute(about.insert(), {"name": _NAME, "value": _VERSION})


def _derive_from_results(connection: Connection) -> None:
    columns = (results.c[name] for name in (*StoredResult._fields, "data", "summary"))
    query = select(*columns, superseded().label("superseded")).order_by(*_EVENT).limit(_AT_ONCE)
    changes, part = Changes(), connection.execute(query).all()
    while part:
        data = [json.loads(row.data) for row in part]
        found = [found_in(result) for result in data]
        best = [
            {
                "of_pipeline": row.pipeline,
                "of_event": row.event_id,
                "summary": row.summary or storable(summary_of(result)),
                "label": of_row.label,
                "score": of_row.score,
                "objects": of_row.objects,
            }
            for row, result, of_row in zip(part, data, found, strict=True)
        ]
        connection.execute(_BEST, best)
        labels = [
            label_rows(row.pipeline, row.event_id, row.stage, row.at_ms, of_row.labels)
            for row, of_row in zip(part, found, strict=True)
        ]
        insert_new(connection, result_labels, list(chain.from_iterable(labels)))
        read = [StoredResult._make(row[: len(StoredResult._fields)]) for row in part]
        newest = [of_row for row, of_row in zip(part, read, strict=True) if not row.superseded]
        changes.results(newest)
        changes.labels(labels_of_results(connection, ((row.pipeline, row.event_id) for row in newest)))
        changes.repeated(read)
        changes.write(connection)
        after = query.where(tuple_(*_EVENT) > tuple_(part[-1].pipeline, part[-1].event_id))
        part = connection.execute(after).all()


def _all(connection: Connection, query: Select[Any]) -> Any:
    return connection.execute(query, execution_options={"yield_per": _AT_ONCE}).mappings()
