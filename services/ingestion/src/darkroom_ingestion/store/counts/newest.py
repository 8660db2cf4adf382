"""The newest results of images and stages, which are those that count."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select
from sqlalchemy.schema import Column

from darkroom_ingestion.store.counts.changes import LEVELS_S, Changes
from darkroom_ingestion.store.counts.changes import Row as AnyRow
from darkroom_ingestion.store.tables import counts, result_labels, results

Answer = tuple[str, str, str]
"""The pipeline, the image and the stage of a result."""

_AT_ONCE = 2_000
_COUNTED = (*results.primary_key, *(results.c[name] for name in ("image_id", "stage", "at_ms", "partition", "offset")))


def answer_of(row: AnyRow) -> Answer:
    """Which image and stage a row of results is of."""
    return row["pipeline"], row["image_id"], row["stage"]


def results_with(connection: Connection, column: Column[Any], pairs: Iterable[tuple[str, str]]) -> list[AnyRow]:
    """The results of a pipeline with a value in `column`, for each pair of both. They have no data."""
    return [row._mapping for row in _rows(connection, _COUNTED, column, pairs)]  # noqa: SLF001


def count_newest(connection: Connection, changes: Changes, answers: Iterable[Answer], sign: int) -> None:
    """Count the newest results of `answers`, with their labels, as they are in the store now."""
    wanted = set(answers)
    found = results_with(connection, results.c.image_id, ((pipeline, image) for pipeline, image, _ in wanted))
    newest = {answer_of(row): row for row in sorted(found, key=_order)}
    shown = [row for answer, row in newest.items() if answer in wanted]
    changes.results(shown, sign)
    count_labels(connection, changes, shown, sign)


def count_labels(connection: Connection, changes: Changes, of: Sequence[AnyRow], sign: int) -> None:
    """Count the labels that the store has of these results."""
    labels = (result_labels.c[name] for name in ("pipeline", "stage", "label", "at_ms"))
    events = ((row["pipeline"], row["event_id"]) for row in of)
    found = _rows(connection, tuple(labels), result_labels.c.event_id, events)
    changes.labels((row._mapping for row in found), sign)  # noqa: SLF001


def pipelines_with_repeats(connection: Connection, pipelines: Iterable[str]) -> set[str]:
    """Those of `pipelines` with results of replays, so that an image may have several results of a stage."""
    query = select(counts.c.pipeline).where(counts.c.seconds == LEVELS_S[-1], counts.c.kind == "repeated")
    return {
        pipeline
        for pipeline in pipelines
        if connection.execute(query.where(counts.c.pipeline == pipeline).limit(1)).first() is not None
    }


def _order(row: AnyRow) -> tuple[int, int, int]:
    """As `StageResult.order`."""
    return row["at_ms"], row["partition"], row["offset"]


def _rows(
    connection: Connection, columns: tuple[Column[Any], ...], column: Column[Any], pairs: Iterable[tuple[str, str]]
) -> list[Row[Any]]:
    by_pipeline: dict[str, dict[str, None]] = {}
    for pipeline, value in pairs:
        by_pipeline.setdefault(pipeline, {})[value] = None
    found: list[Row[Any]] = []
    for pipeline, values in by_pipeline.items():
        listed = list(values)
        for start in range(0, len(listed), _AT_ONCE):
            some = listed[start : start + _AT_ONCE]
            query = select(*columns).where(column.table.c.pipeline == pipeline, column.in_(some))
            found.extend(connection.execute(query))
    return found
