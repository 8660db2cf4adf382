"""Queries on the store."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, CursorResult, Exists, Row, Select, and_, case, func, select, tuple_

from darkroom.kafka.log import TopicPartition
from darkroom.result_fields import summary_of
from darkroom_ingestion.records.answers import ReceivedImage, StageFailure, StageResult
from darkroom_ingestion.store.tables import dead_letters, images, positions, redrives, result_labels, results

_FIRST_ROWS, _MOST_ROWS, _MOST_CHARACTERS = 16, 128, 2**21
"""Rows that are fetched at once: first, and at most, by number and expected size."""
_MOST_SKIPPED = 250
"""Replaced results that are read for a page, so that a page after a replay of many images takes milliseconds too."""

_PageRow = tuple[int, str, str | None, str | None]
"""Of a page of results: time, event id, data if it is not replaced, and summary."""

ResultCursor = tuple[int, str]
"""The time and the event id of the last result of a page."""

DeadLetterCursor = tuple[int, str, int, int]
"""The time, topic, partition and offset of the last dead letter of a page."""


@dataclass(frozen=True)
class ImageRows:
    """Everything about one image."""

    image: ReceivedImage | None
    results: tuple[StageResult, ...]
    failures: tuple[StageFailure, ...]

    @property
    def known(self) -> bool:
        """Whether there is a record of the image."""
        return self.image is not None or bool(self.results) or bool(self.failures)


class StoredResult(NamedTuple):
    """A result, with its data as JSON text from the log, and its summary."""

    at_ms: int
    data: str
    summary: str


@dataclass(frozen=True)
class DeadLetterRow:
    """One dead letter."""

    topic: str
    partition: int
    offset: int
    stage: str
    image_id: str
    at_ms: int
    reason: str
    message: str
    attempts: int
    failed_at: str | None
    generation: str | None
    content_type: str | None
    bytes: int
    source: tuple[str, int, int] | None
    redriven_at_ms: int | None

    @property
    def cursor(self) -> DeadLetterCursor:
        """The dead letter's position in the list."""
        return self.at_ms, self.topic, self.partition, self.offset


_OF_LETTER = tuple(field.name for field in fields(DeadLetterRow) if field.name not in {"source", "redriven_at_ms"})
_OF_SOURCE = ("source_topic", "source_partition", "source_offset")


@dataclass(frozen=True)
class DeadLetterFilter:
    """Selects dead letters of a pipeline."""

    stage: str | None = None
    reason: str | None = None
    image_ids: Sequence[str] | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    redriven: bool | None = None


def received_images(connection: Connection, pipeline: str, image_ids: Sequence[str]) -> dict[str, ReceivedImage]:
    """The images among `image_ids` that are in the store, by id."""
    columns = (images.c[name] for name in ReceivedImage._fields)
    rows = connection.execute(select(*columns).where(images.c.pipeline == pipeline, images.c.id.in_(image_ids)))
    return {image.id: image for image in (ReceivedImage(*row) for row in rows)}


def image_rows(connection: Connection, pipeline: str, image_id: str) -> ImageRows:
    """All rows of an image."""
    of_image = select(results.c.stage, results.c.at_ms, results.c.data, results.c.partition, results.c.offset).where(
        results.c.pipeline == pipeline, results.c.image_id == image_id
    )
    letters = with_redrives().where(dead_letters.c.pipeline == pipeline, dead_letters.c.image_id == image_id)
    return ImageRows(
        received_images(connection, pipeline, [image_id]).get(image_id),
        tuple(
            StageResult(row.stage, row.at_ms, json.loads(row.data), row.partition, row.offset)
            for row in connection.execute(of_image)
        ),
        tuple(stage_failure_of(dead_letter_of(row)) for row in connection.execute(letters)),
    )


def results_page(
    connection: Connection,
    pipeline: str,
    *,
    stage: str | None,
    label: str | None,
    after: ResultCursor | None,
    limit: int,
    max_bytes: int,
    image_ids: Sequence[str] | None = None,
    longest: int | None = None,
) -> tuple[list[StoredResult], ResultCursor | None]:
    """The newest result of every image and stage, newest first, and the cursor of the next page if there is one.

    A page ends after `limit` results, after the result that makes it larger than `max_bytes`, or after many results
    that later ones have replaced: then it may be empty, and still have a cursor.

    With `image_ids` it has only results of these images, with `longest` only those with at most so many characters.
    """
    # Of the table whose index has the order; results of a few images are found by image, not in the order.
    listed = results if label is None else result_labels
    order = (listed.c.at_ms if image_ids is None else listed.c.at_ms + 0, listed.c.event_id)
    query = select(
        listed.c.at_ms, listed.c.event_id, case((~superseded(), results.c.data)).label("data"), results.c.summary
    )
    query = query.where(listed.c.pipeline == pipeline)
    if label is not None:
        same = (result_labels.c[name] == results.c[name] for name in ("pipeline", "event_id"))
        query = query.select_from(result_labels.join(results, and_(*same))).where(result_labels.c.label == label)
    if stage is not None:
        query = query.where(listed.c.stage == stage)
    if image_ids is not None:
        query = query.where(results.c.image_id.in_(image_ids))
    if longest is not None:
        query = query.where(func.length(results.c.data) <= longest)
    if after is not None:
        query = query.where(tuple_(*order) < tuple_(*after))
    query = query.order_by(*(column.desc() for column in order)).limit(limit + _MOST_SKIPPED + 1)
    page: list[StoredResult] = []
    size, skipped, last = 0, 0, None
    with connection.execution_options(stream_results=True, max_row_buffer=1).execute(query) as rows:
        for at_ms, event_id, data, summary in _some_at_a_time(rows):
            if len(page) == limit or size > max_bytes or skipped == _MOST_SKIPPED:
                return page, last
            last = (at_ms, event_id)
            if data is None:
                skipped += 1
                continue
            page.append(StoredResult(at_ms, data, summary_of(json.loads(data)) if summary is None else summary))
            size += len(data)
    return page, None


def _some_at_a_time(rows: CursorResult[*_PageRow]) -> Iterator[Row[*_PageRow]]:
    """The rows, fetched in ever larger parts unless they are large: a row may have megabytes of data, its third value.

    Values are read by position, which takes a tenth of the time that it takes by name.
    """
    count = _FIRST_ROWS
    while fetched := rows.fetchmany(count):
        yield from fetched
        largest = max(len(row[2] or "") for row in fetched)
        count = min(2 * count, _MOST_ROWS, max(1, _MOST_CHARACTERS // max(1, largest)))


def dead_letters_page(
    connection: Connection,
    pipeline: str,
    which: DeadLetterFilter,
    *,
    after: DeadLetterCursor | None,
    limit: int,
    oldest_first: bool = False,
) -> tuple[list[DeadLetterRow], DeadLetterCursor | None]:
    """Dead letters, newest first, and the cursor of the next page if there is one."""
    order = (dead_letters.c.at_ms, dead_letters.c.topic, dead_letters.c.partition, dead_letters.c.offset)
    query = _selected(with_redrives(), pipeline, which)
    if after is not None:
        query = query.where(tuple_(*order) > tuple_(*after) if oldest_first else tuple_(*order) < tuple_(*after))
    ordered = (column.asc() if oldest_first else column.desc() for column in order)
    rows = connection.execute(query.order_by(*ordered).limit(limit + 1)).all()
    page = [dead_letter_of(row) for row in rows[:limit]]
    return page, page[-1].cursor if len(rows) > limit else None


def count_dead_letters(connection: Connection, pipeline: str, which: DeadLetterFilter) -> int:
    """The number of dead letters; with `image_ids`, of the images that have one."""
    counted = func.count() if which.image_ids is None else func.count(dead_letters.c.image_id.distinct())
    number: int = connection.execute(
        _selected(with_redrives(), pipeline, which).with_only_columns(counted)
    ).scalar_one()
    return number


def _selected(query: Select[Any], pipeline: str, which: DeadLetterFilter) -> Select[Any]:
    query = query.where(dead_letters.c.pipeline == pipeline)
    if which.stage is not None:
        query = query.where(dead_letters.c.stage == which.stage)
    if which.reason is not None:
        query = query.where(dead_letters.c.reason == which.reason)
    if which.image_ids is not None:
        query = query.where(dead_letters.c.image_id.in_(which.image_ids))
    if which.since_ms is not None:
        query = query.where(dead_letters.c.at_ms >= which.since_ms)
    if which.until_ms is not None:
        query = query.where(dead_letters.c.at_ms < which.until_ms)
    if which.redriven is not None:
        mark = redrives.c.replayed_at_ms
        query = query.where(mark.is_not(None) if which.redriven else mark.is_(None))
    return query


def read_positions(connection: Connection, topic: str) -> dict[int, int]:
    """The next offset to read of every partition of `topic`."""
    query = select(positions.c.partition, positions.c.next_offset).where(positions.c.topic == topic)
    return {row.partition: row.next_offset for row in connection.execute(query)}


def all_positions(connection: Connection) -> dict[TopicPartition, int]:
    """The next offset to read of every partition of all topics."""
    rows = connection.execute(select(positions.c.topic, positions.c.partition, positions.c.next_offset))
    return {TopicPartition(row.topic, row.partition): row.next_offset for row in rows}


@cache
def superseded() -> Exists:
    """Condition of results: whether the image has a later one of the stage, in the order of `StageResult.order`."""
    later = results.alias("later")
    same = (later.c[name] == results.c[name] for name in ("pipeline", "image_id", "stage"))
    one, other = ((t.c.at_ms, t.c.partition, t.c.offset) for t in (later, results))
    return select(later.c.event_id).where(*same, tuple_(*one) > tuple_(*other)).exists()


def with_redrives() -> Select[Any]:
    """A query of dead letters, with when they were redriven: rows for `dead_letter_of`."""
    same = and_(*(dead_letters.c[name] == redrives.c[name] for name in ("topic", "partition", "offset")))
    columns = (dead_letters.c[name] for name in (*_OF_LETTER, *_OF_SOURCE))
    return select(*columns, redrives.c.replayed_at_ms).select_from(dead_letters.outerjoin(redrives, same))


def dead_letter_of(row: Sequence[Any]) -> DeadLetterRow:
    """A row of `with_redrives`."""
    named = dict(zip(_OF_LETTER, row, strict=False))
    topic, partition, offset, redriven_at_ms = row[-4:]
    has_source = topic is not None and partition is not None and offset is not None
    return DeadLetterRow(
        **named, source=(topic, partition, offset) if has_source else None, redriven_at_ms=redriven_at_ms
    )


def stage_failure_of(letter: DeadLetterRow) -> StageFailure:
    """The failure that a dead letter tells of."""
    return StageFailure(
        stage=letter.stage,
        at_ms=letter.at_ms,
        reason=letter.reason,
        message=letter.message,
        attempts=letter.attempts,
        failed_at=letter.failed_at,
        redriven_at_ms=letter.redriven_at_ms,
        generation=letter.generation,
        partition=letter.partition,
        offset=letter.offset,
        source=letter.source,
    )
