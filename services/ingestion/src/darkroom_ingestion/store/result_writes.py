"""Writes results with their labels, and counts them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from sqlalchemy import Connection, delete

from darkroom_ingestion.store.counts.changes import Changes, is_repeated
from darkroom_ingestion.store.counts.locks import lock_results
from darkroom_ingestion.store.counts.newest import answer_of, count_newest, pipelines_with_repeats, results_with
from darkroom_ingestion.store.inserts import insert_absent, insert_new
from darkroom_ingestion.store.tables import result_labels, results

FIRST_RESULT = (results.c.at_ms, results.c.partition, results.c.offset)
"""Of results with the same id, the one with the smallest values stays. A result that was published twice is in one
partition, unless partitions were added in between."""

Row = dict[str, Any]
_Labelled = tuple[Row, Sequence[Row]]


def write_results(
    connection: Connection, rows: Sequence[Row], labels: Sequence[Row], labels_of: Sequence[int], changes: Changes
) -> int:
    """Insert results, or replace later ones of the same ids. Returns how many rows were changed.

    Args:
        connection: in a transaction.
        rows: of the table of results.
        labels: their labels, in the same order.
        labels_of: for each result, how many of the labels are its own.
        changes: where to count.
    """
    repeats = {row["pipeline"] for row in rows if is_repeated(row)}
    pipelines = {row["pipeline"] for row in rows}
    lock_results(connection, pipelines, exclusive=repeats)
    repeats |= pipelines_with_repeats(connection, pipelines)
    shared = _shared(connection, [row for row in rows if row["pipeline"] in repeats]) if repeats else set()
    alone = [row for row in rows if answer_of(row) not in shared] if shared else rows
    new = insert_absent(connection, results, alone)
    own, together = labels, []
    if len(new) < len(rows):
        written = set(map(id, new))
        labelled = list(_labelled(rows, labels, labels_of))
        own = list(chain.from_iterable(of_row for row, of_row in labelled if id(row) in written))
        together = [one for one in labelled if id(one[0]) not in written]
    insert_new(connection, result_labels, own)
    changes.results(new)
    changes.labels(own)
    if repeats:
        changes.repeated(new)
    return len(new) + (len(_merge(connection, together, changes) - set(map(_event, new))) if together else 0)


def _shared(connection: Connection, rows: Sequence[Row]) -> set[tuple[str, str, str]]:
    """The images and stages that the store has a result of, or that several of `rows` are of."""
    stored = results_with(connection, results.c.image_id, ((row["pipeline"], row["image_id"]) for row in rows))
    several = (answer for answer, count in Counter(map(answer_of, rows)).items() if count > 1)
    return {*map(answer_of, stored), *several}


def _merge(connection: Connection, together: Sequence[_Labelled], changes: Changes) -> set[tuple[str, str]]:
    """Write results whose ids, or images and stages, others have too. Returns the pipeline and id of those changed."""
    rows = [row for row, _ in together]
    events = list(map(_event, rows))
    before = results_with(connection, results.c.event_id, events)
    answers = {*map(answer_of, rows), *map(answer_of, before)}
    count_newest(connection, changes, answers, -1)
    changes.repeated(before, -1)
    insert_new(connection, results, rows, FIRST_RESULT)
    after = results_with(connection, results.c.event_id, events)
    was, now = ({_event(row): _position(row) for row in found} for found in (before, after))
    kept = {_event(row): own for row, own in together if now[_event(row)] == _position(row)}
    for pipeline, event_id in kept.keys() & was.keys():
        same = (result_labels.c.pipeline == pipeline, result_labels.c.event_id == event_id)
        connection.execute(delete(result_labels).where(*same))
    insert_new(connection, result_labels, list(chain.from_iterable(kept.values())))
    count_newest(connection, changes, answers, 1)
    changes.repeated(after)
    return {event for event, position in now.items() if was.get(event) != position}


def _labelled(rows: Sequence[Row], labels: Sequence[Row], labels_of: Sequence[int]) -> Iterator[_Labelled]:
    start = 0
    for row, count in zip(rows, labels_of, strict=True):
        yield row, labels[start : start + count]
        start += count


def _event(row: Any) -> tuple[str, str]:
    return row["pipeline"], row["event_id"]


def _position(row: Any) -> tuple[Any, ...]:
    return row["at_ms"], row["partition"], row["offset"]
