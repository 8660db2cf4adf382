"""Writes results with their labels, and counts them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
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
    of_repeats = [row for row in rows if row.pipeline in repeats] if repeats else []
    stored = results_of_images(connection, ((row.pipeline, row.image_id) for row in of_repeats))
    shared = _shared(stored, of_repeats)
    new = insert_absent(connection, results, rows)
    if repeats:
        changes.repeated(new)
    if not shared and len(new) == len(rows):
        insert_new(connection, result_labels, labels)
        changes.results(new)
        changes.labels(labels)
        return len(new)
    written = set(map(id, new))
    alone, together, again = list[_Labelled](), list[_Labelled](), list[_Labelled]()
    for one in _labelled(rows, labels, labels_of):
        row = one[0]
        (again if id(row) not in written else together if answer_of(row) in shared else alone).append(one)
    insert_new(connection, result_labels, [*_labels_of(alone), *_labels_of(together)])
    changes.results(row for row, _ in alone)
    changes.labels(_labels_of(alone))
    return len(new) + len(_merge(connection, stored, together, again, changes) - set(map(_event, new)))


def _shared(stored: Iterable[Result], rows: Sequence[ResultRow]) -> set[Answer]:
    """The images and stages that the store has a result of, or that several of `rows` are of."""
    several = (answer for answer, count in Counter(map(answer_of, rows)).items() if count > 1)
    return {*map(answer_of, stored), *several}


def _merge(
    connection: Connection,
    stored: Iterable[Result],
    together: Sequence[_Labelled],
    again: Sequence[_Labelled],
    changes: Changes,
) -> set[_Event]:
    """Count results whose images and stages have others too, and replace those with the same ids.

    Args:
        connection: in a transaction.
        stored: the results of the images of `together` that the store had before.
        together: results that were just inserted, and are not counted yet.
        again: results that were not inserted, because the store has others with their ids.
        changes: where to count.

    Returns:
        The pipeline and id of each result that was replaced.
    """
    known: dict[_Event, Result] = {_event(row): row for row in stored}
    if again:
        same = results_with_ids(connection, (_event(row) for row, _ in again))
        with_same_id: list[Result] = [*same, *(row for row, _ in again)]
        images = {(row.pipeline, row.image_id) for row in with_same_id}
        known |= {_event(row): row for row in chain(same, results_of_images(connection, images))}
    added: dict[_Event, _Labelled] = {_event(one[0]): one for one in together}
    before = newest_of(row for event, row in known.items() if event not in added)
    known |= {event: row for event, (row, _) in added.items()}
    changed: dict[_Event, _Labelled] = {}
    replaced: dict[_Event, Result] = {}
    for row, labels in again:
        event = _event(row)
        old = known.get(event)
        if old is None or order_of(row) < order_of(old):
            if old is not None and event not in changed:
                replaced[event] = old
            known[event], changed[event] = row, (row, labels)
    after = newest_of(known.values())
    gone = [row for answer, row in before.items() if after.get(answer) is not row]
    come = [row for answer, row in after.items() if before.get(answer) is not row]
    in_hand = added | changed
    changes.results(gone, -1)
    changes.labels(labels_of_results(connection, map(_event, gone)), -1)
    changes.results(come)
    changes.labels(labels_of_results(connection, (event for event in map(_event, come) if event not in in_hand)))
    changes.labels(_labels_of(in_hand[event] for event in map(_event, come) if event in in_hand))
    changes.repeated(replaced.values(), -1)
    changes.repeated(row for row, _ in changed.values())

    for pipeline, event_id in replaced:
        same_event = (result_labels.c.pipeline == pipeline, result_labels.c.event_id == event_id)
        connection.execute(delete(result_labels).where(*same_event))
    insert_new(connection, results, [row for row, _ in changed.values()], FIRST_RESULT)
    insert_new(connection, result_labels, list(_labels_of(changed.values())))
    return set(changed)


def _labels_of(results_with_labels: Iterable[_Labelled]) -> Iterator[LabelRow]:
    return chain.from_iterable(labels for _, labels in results_with_labels)


def _labelled(rows: Sequence[ResultRow], labels: Sequence[LabelRow], labels_of: Sequence[int]) -> Iterator[_Labelled]:
    start = 0
    for row, count in zip(rows, labels_of, strict=True):
        yield row, labels[start : start + count]
        start += count


def _event(row: Result) -> _Event:
    return row.pipeline, row.event_id
