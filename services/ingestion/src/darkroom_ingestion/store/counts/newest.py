"""The newest results of images and stages, which are those that count."""

import json
from collections.abc import Iterable
from typing import TypeVar

from sqlalchemy import Connection

from darkroom_ingestion.store.counts.changes import LEVELS_S, Changes
from darkroom_ingestion.store.result_rows import LabelRow, Result, StoredResult
from darkroom_ingestion.store.writing.arrays import Array
from darkroom_ingestion.store.writing.inserts import placeholder

Answer = tuple[str, str, str]
"""The pipeline, the image and the stage of a result."""

_AT_ONCE = 5_000
_Stored = TypeVar("_Stored", StoredResult, LabelRow)
_Result = TypeVar("_Result", bound=Result)


def answer_of(row: Result) -> Answer:
    """Which image and stage a row of results is of."""
    return row.pipeline, row.image_id, row.stage


def order_of(row: Result) -> tuple[int, int, int]:
    """The order of the results of an image and stage, as `StageResult.order`. Of those with one id, the first stays."""
    return row.at_ms, row.partition, row.offset


def newest_of(rows: Iterable[_Result]) -> dict[Answer, _Result]:
    """The newest of these results of each image and stage."""
    found: dict[Answer, _Result] = {}
    for row in rows:
        answer = answer_of(row)
        known = found.get(answer)
        if known is None or order_of(row) > order_of(known):
            found[answer] = row
    return found


def results_of_images(connection: Connection, images: Iterable[tuple[str, str]]) -> list[StoredResult]:
    """The results of images, given by pipeline and id."""
    return _rows(connection, "results", StoredResult, "image_id", images)


def results_with_ids(connection: Connection, events: Iterable[tuple[str, str]]) -> list[StoredResult]:
    """The results with these ids, given with their pipelines."""
    return _rows(connection, "results", StoredResult, "event_id", events)


def labels_of_results(connection: Connection, events: Iterable[tuple[str, str]]) -> list[LabelRow]:
    """The labels of the results with these ids, given with their pipelines.

    With their scores: SQLite would read all labels of the pipeline from an index that has all other columns.
    """
    return _rows(connection, "result_labels", LabelRow, "event_id", events)


def count_newest(connection: Connection, changes: Changes, answers: Iterable[Answer], sign: int) -> None:
    """Count the newest results of `answers`, with their labels, as they are in the store now."""
    wanted = set(answers)
    newest = newest_of(results_of_images(connection, ((pipeline, image) for pipeline, image, _ in wanted)))
    shown = [row for answer, row in newest.items() if answer in wanted]
    changes.results(shown, sign)
    changes.labels(labels_of_results(connection, ((row.pipeline, row.event_id) for row in shown)), sign)


def pipelines_with_repeats(connection: Connection, pipelines: Iterable[str]) -> set[str]:
    """Those of `pipelines` with results of replays, so that an image may have several results of a stage."""
    # With each batch: without SQLAlchemy's handling of parameters, which takes ten times as long as the query.
    value = placeholder(connection)
    same = f"pipeline = {value} AND seconds = {LEVELS_S[-1]} AND kind = 'repeated'"
    query = f"SELECT 1 FROM counts WHERE {same} LIMIT 1"  # noqa: S608 - names of our own columns
    return {pipeline for pipeline in pipelines if connection.exec_driver_sql(query, (pipeline,)).first() is not None}


def _rows(
    connection: Connection, table: str, of: type[_Stored], key: str, pairs: Iterable[tuple[str, str]]
) -> list[_Stored]:
    """Rows by pipeline and `key`. All keys are one parameter, because SQLAlchemy takes long for thousands."""
    by_pipeline: dict[str, dict[str, None]] = {}
    for pipeline, value in pairs:
        by_pipeline.setdefault(pipeline, {})[value] = None
    listed = ", ".join(f'"{column}"' for column in of._fields)
    start = f"SELECT {listed} FROM {table} WHERE pipeline"  # noqa: S608 - names of our own tables
    found: list[_Stored] = []
    for pipeline, values in by_pipeline.items():
        everything = list(values)
        for first in range(0, len(everything), _AT_ONCE):
            some = everything[first : first + _AT_ONCE]
            if connection.dialect.name == "sqlite":
                wanted = f"{start} = ? AND {key} IN (SELECT value FROM json_each(?))"  # noqa: S608
                rows = connection.exec_driver_sql(wanted, (pipeline, json.dumps(some)))
            else:
                # `OFFSET 0` makes PostgreSQL look up each key in an index. For `key = ANY(…)`, it reads all rows of the
                # pipeline while it has no statistics of the table, as in the first minute of a database.
                each = f"{start} = %s AND {key} = wanted.key OFFSET 0"
                wanted = f"SELECT found.* FROM unnest(%b::text[]) AS wanted(key), LATERAL ({each}) AS found"  # noqa: S608
                rows = connection.exec_driver_sql(wanted, (Array("TEXT", some), pipeline))
            found.extend(map(of._make, rows.all()))
    return found
