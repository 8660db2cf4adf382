"""Images that a filter may select, newest first: found by an index, and few rows at a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Select, and_, literal, not_, or_, select, true, tuple_
from sqlalchemy.schema import Column, Table
from sqlalchemy.sql.expression import Subquery

from darkroom_ingestion.store.tables import dead_letters, images, result_labels, results

State = Literal["Received", "Analyzed", "PartlyFailed", "Failed"]
Cursor = tuple[int, str] | tuple[int, str, int, int]
"""The time of the last image that was looked at, and its id, that of its result, or the position of its dead letter."""

_Order = tuple[Column[Any], ...]


@dataclass(frozen=True)
class ImageFilter:
    """Selects images of a pipeline. None selects all.

    Attributes:
        stage: only results and failures of this stage are looked at.
        label: a label of a newest result.
        min_score: of the label, or else of the best prediction.
        reason: of a failure.
        key: the ordering key.
        from_ms: at or after this time. The time is that of `listed_by`.
        to_ms: before this time.
    """

    stage: str | None = None
    label: str | None = None
    min_score: float | None = None
    max_score: float | None = None
    state: State | None = None
    reason: str | None = None
    key: str | None = None
    from_ms: int | None = None
    to_ms: int | None = None

    @property
    def by_result(self) -> bool:
        """Whether results are looked at for their labels or scores."""
        return self.label is not None or self.min_score is not None or self.max_score is not None

    @property
    def listed_by(self) -> Literal["image", "result", "failure"]:
        """What gives the list its order and times. What a filter is likely to select least of."""
        if self.key is not None:
            return "image"
        if self.by_result:
            return "result"
        return "failure" if self.reason is not None or self.state in {"Failed", "PartlyFailed"} else "image"


@dataclass(frozen=True)
class Candidate:
    """An image that may be selected, by what it was found.

    Attributes:
        at_ms: the time of the image, result or dead letter.
        cursor: its position in the list.
    """

    image_id: str
    at_ms: int
    cursor: Cursor

    @property
    def event_id(self) -> str:
        """The id of the result, in a list by results."""
        return str(self.cursor[1])


def scan(
    connection: Connection,
    pipeline: str,
    which: ImageFilter,
    stages: Sequence[str],
    *,
    after: Cursor | None,
    rows: int,
) -> tuple[list[Candidate], Cursor | None]:
    """Read rows of the index that gives the list its order. Returns the candidates, and where to continue, if anywhere.

    Args:
        connection: to the store.
        pipeline: its key.
        which: the filter. Its conditions are checked as far as indexes can.
        stages: the stages that it looks at.
        after: continue after this position.
        rows: how many to read.
    """
    order, query = _SCANS[which.listed_by](pipeline, which)
    if which.from_ms is not None:
        query = query.where(order[0] >= which.from_ms)
    if which.to_ms is not None:
        query = query.where(order[0] < which.to_ms)
    if after is not None:
        query = query.where(tuple_(*order) < tuple_(*after))
    # In a subquery, so that PostgreSQL knows how few rows the conditions are checked for.
    scanned = query.order_by(*(column.desc() for column in order)).limit(rows).subquery("scanned")
    named = select(*scanned.c, _image_id(scanned, pipeline).label("of_image")).subquery("named")
    position = [named.c[column.name] for column in order]
    checked = select(*position, named.c.of_image, _wanted(named, pipeline, which, stages).label("wanted"))
    found = connection.execute(checked.order_by(*(column.desc() for column in position))).all()
    chosen = [Candidate(row.of_image, row[0], _cursor(row, len(order))) for row in found if row.wanted and row.of_image]
    return chosen, None if len(found) < rows else _cursor(found[-1], len(order))


def _by_image(pipeline: str, which: ImageFilter) -> tuple[_Order, Select[Any]]:
    query = select(images.c.received_at_ms, images.c.id).where(images.c.pipeline == pipeline)
    if which.key is not None:
        query = query.where(images.c.key == which.key)
    return (images.c.received_at_ms, images.c.id), query


def _by_result(pipeline: str, which: ImageFilter) -> tuple[_Order, Select[Any]]:
    table = results if which.label is None else result_labels
    query = select(table.c.at_ms, table.c.event_id, table.c.score).where(table.c.pipeline == pipeline)
    if which.label is not None:
        query = query.where(table.c.label == which.label)
    return (table.c.at_ms, table.c.event_id), _of_stage(query, table, which)


def _by_failure(pipeline: str, which: ImageFilter) -> tuple[_Order, Select[Any]]:
    order = tuple(dead_letters.c[name] for name in ("at_ms", "topic", "partition", "offset"))
    query = select(*order, dead_letters.c.image_id).where(dead_letters.c.pipeline == pipeline)
    if which.reason is not None:
        query = query.where(dead_letters.c.reason == which.reason)
    return order, _of_stage(query, dead_letters, which)


_SCANS: dict[str, Callable[[str, ImageFilter], tuple[_Order, Select[Any]]]] = {
    "image": _by_image,
    "result": _by_result,
    "failure": _by_failure,
}


def _of_stage(query: Select[Any], table: Table, which: ImageFilter) -> Select[Any]:
    return query if which.stage is None else query.where(table.c.stage == which.stage)


def _image_id(scanned: Subquery, pipeline: str) -> ColumnElement[str]:
    if "event_id" in scanned.c:
        of_result = (results.c.pipeline == pipeline) & (results.c.event_id == scanned.c.event_id)
        return select(results.c.image_id).where(of_result).scalar_subquery()
    return scanned.c.id if "id" in scanned.c else scanned.c.image_id


def _wanted(named: Subquery, pipeline: str, which: ImageFilter, stages: Sequence[str]) -> ColumnElement[bool]:
    """Whether what was found may be selected: conditions that an index answers."""
    wanted: list[ColumnElement[bool]] = []
    image_id = named.c.of_image
    if "score" in named.c:
        wanted += [] if which.min_score is None else [named.c.score >= which.min_score]
        wanted += [] if which.max_score is None else [named.c.score <= which.max_score]
    if which.reason is not None and which.listed_by != "failure":
        wanted.append(_has(dead_letters, image_id, pipeline, reason=which.reason, stage=which.stage))
    if which.state in {"Failed", "PartlyFailed"} and which.listed_by != "failure":
        wanted.append(_has(dead_letters, image_id, pipeline, stage=which.stage))
    answered = [or_(*(_has(table, image_id, pipeline, stage=stage) for table in _ANSWERS)) for stage in stages]
    if which.state == "Received":
        # Also a failure in a replay is a dead letter, but such an image still waits.
        waiting = [not_(_has(results, image_id, pipeline, stage=stage)) for stage in stages]
        wanted.append(or_(*waiting))
    elif which.listed_by == "image" and (which.state is not None or which.stage is not None):
        wanted += answered
    if which.key is not None and which.by_result:
        wanted.append(_has(results, image_id, pipeline, stage=which.stage))
    return and_(true(), *wanted)


_ANSWERS = (results, dead_letters)


def _has(table: Table, image_id: ColumnElement[str], pipeline: str, **values: str | None) -> ColumnElement[bool]:
    """Whether `table` has a row of an image with these values, of which None is any."""
    same = [table.c[name] == value for name, value in values.items() if value is not None]
    # Not `EXISTS`: for many images, PostgreSQL would first read all rows of the pipeline into a hash table.
    one = select(literal(1)).where(table.c.pipeline == pipeline, table.c.image_id == image_id, *same).limit(1)
    return one.scalar_subquery().is_not(None)


def _cursor(row: Sequence[Any], length: int) -> Cursor:
    return tuple(row[:length])
