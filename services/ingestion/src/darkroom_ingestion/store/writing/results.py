"""Writes results with their labels, and counts them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain

from sqlalchemy import Connection, delete

from darkroom_ingestion.store.counts.changes import Changes, is_repeated
from darkroom_ingestion.store.counts.locks import lock_results
from darkroom_ingestion.store.counts.newest import (
    Answer,
    answer_of,
    labels_of_results,
    newest_of,
    order_of,
    pipelines_with_repeats,
    results_of_images,
    results_with_ids,
)
from darkroom_ingestion.store.result_rows import LabelRow, Result, ResultRow
from darkroom_ingestion.store.tables import result_labels, results
from darkroom_ingestion.store.writing.inserts import insert_absent, insert_new

FIRST_RESULT = (results.c.at_ms, results.c.partition, results.c.offset)
"""Of results with the same id, the one with the smallest values stays. A result that was published twice is in one
partition, unless partitions were added in between."""

_Labelled = tuple[ResultRow, Sequence[LabelRow]]
_Event = tuple[str, str]


def write_results(
    connection: Connection,
    rows: Sequence[ResultRow],
    labels: Sequence[LabelRow],
    labels_of: Sequence[int],
    changes: Changes,
) -> int:
    """Insert results, or replace later ones of the same ids. Returns how many rows were changed.

    Args:
        connection: in a transaction.
        rows: of the table of results.
        labels: their labels, in the same order.
        labels_of: for each result, how many of the labels are its own.
        changes: where to count.
    """
    repeats = {row.pipeline for row in rows if is_repeated(row)}
    pipelines = {row.pipeline for row in rows}
    lock_results(connection, pipelines, exclusive=repeats)
    repeats |= pipelines_with_repeats(connection, pipelines)
    shared = _shared(connection, [row for row in rows if row.pipeline in repeats]) if repeats else set[Answer]()
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


def _shared(connection: Connection, rows: Sequence[ResultRow]) -> set[Answer]:
    """The images and stages that the store has a result of, or that several of `rows` are of."""
    stored = results_of_images(connection, ((row.pipeline, row.image_id) for row in rows))
    several = (answer for answer, count in Counter(map(answer_of, rows)).items() if count > 1)
    return {*map(answer_of, stored), *several}


def _merge(connection: Connection, together: Sequence[_Labelled], changes: Changes) -> set[_Event]:
    """Write results whose ids, or images and stages, others have too. Returns the pipeline and id of those changed."""
    stored = results_with_ids(connection, (_event(row) for row, _ in together))
    known_or_new: list[Result] = [*stored, *(row for row, _ in together)]
    images = {(row.pipeline, row.image_id) for row in known_or_new}
    known: dict[_Event, Result] = {_event(row): row for row in chain(stored, results_of_images(connection, images))}
    before = newest_of(known.values())
    changed: dict[_Event, _Labelled] = {}
    replaced: dict[_Event, Result] = {}
    for row, labels in together:
        event = _event(row)
        old = known.get(event)
        if old is None or order_of(row) < order_of(old):
            if old is not None and event not in changed:
                replaced[event] = old
            known[event], changed[event] = row, (row, labels)
    after = newest_of(known.values())
    gone = [row for answer, row in before.items() if after.get(answer) is not row]
    come = [row for answer, row in after.items() if before.get(answer) is not row]
    kept = [_event(row) for row in come if _event(row) not in changed]
    changes.results(gone, -1)
    changes.labels(labels_of_results(connection, map(_event, gone)), -1)
    changes.results(come)
    changes.labels(labels_of_results(connection, kept))
    changes.labels(chain.from_iterable(changed[_event(row)][1] for row in come if _event(row) in changed))
    changes.repeated(replaced.values(), -1)
    changes.repeated(row for row, _ in changed.values())

    for pipeline, event_id in replaced:
        same = (result_labels.c.pipeline == pipeline, result_labels.c.event_id == event_id)
        connection.execute(delete(result_labels).where(*same))
    insert_new(connection, results, [row for row, _ in changed.values()], FIRST_RESULT)
    insert_new(connection, result_labels, list(chain.from_iterable(own for _, own in changed.values())))
    return set(changed)


def _labelled(rows: Sequence[ResultRow], labels: Sequence[LabelRow], labels_of: Sequence[int]) -> Iterator[_Labelled]:
    start = 0
    for row, count in zip(rows, labels_of, strict=True):
        yield row, labels[start : start + count]
        start += count


def _event(row: Result) -> _Event:
    return row.pipeline, row.event_id
