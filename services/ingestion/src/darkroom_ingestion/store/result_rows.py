"""Converts results of the log to rows of the store. Pure."""

from collections.abc import Mapping
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple, TypeGuard

import msgspec
from msgspec import UNSET

from darkroom import events, names
from darkroom.result_fields import MOST_LISTED, summary_of, summary_of_class, summary_of_several
from darkroom_ingestion.kafka.log_record import LogRecord
from darkroom_ingestion.records.json_object import read_json
from darkroom_ingestion.records.text import at_most, storable
from darkroom_ingestion.records.usual_results import UsualResult, read_usual

# A row of a PostgreSQL index has at most about 2,700 bytes.
_MAX_ID_BYTES = 1_000
_MAX_LABEL_BYTES = 500
_MOST_LABELS = 200
_MAX_GENERATION = 40
_CLASSIFICATION = "Classification"


class ResultRow(NamedTuple):
    """A row of the table of results."""

    pipeline: str
    event_id: str
    image_id: str
    stage: str
    at_ms: int
    topic: str
    partition: int
    offset: int
    data: str
    summary: str | None
    label: str | None
    score: float | None
    objects: int | None


class LabelRow(NamedTuple):
    """A row of the table of labels."""

    pipeline: str
    event_id: str
    label: str
    stage: str
    at_ms: int
    score: float | None


class StoredResult(NamedTuple):
    """A result in the store, without its data."""

    pipeline: str
    event_id: str
    image_id: str
    stage: str
    at_ms: int
    partition: int
    offset: int


_made = tuple.__new__
"""Makes named tuples of tuples, in a third of the time of their constructors. Rows are made for every result."""

Result = ResultRow | StoredResult


class Found(msgspec.Struct):
    """What a result is found by. Made for every result: a third of the time of a named tuple.

    Attributes:
        label: the best.
        score: that of `label`, or of a text or an anomaly.
        objects: how many objects or classes it has; None for types of output that have no number of them.
        labels: all, with the greatest score of each.
    """

    label: str | None
    score: float | None
    objects: int | None
    labels: Mapping[str, float | None]


def result_rows(pipeline: str, stage: str, record: LogRecord) -> tuple[ResultRow, list[LabelRow]] | None:
    """The row of an analyzed event, and those of its labels; None if it is not such an event."""
    if (usual := read_usual(record.value)) is not None:
        result, text = usual
        its_id, generation = _checked_id(result.image_id), result.generation
        if its_id is None:
            return None
        found, summary = _found_in_usual(result), _summary_of_usual(result)
    else:
        if (read := read_json(record.value)) is None or (its_id := result_image_id(read.data)) is None:
            return None
        text, generation = read.text, read.data.get("generation")
        found, summary = found_in(read.data), summary_of(read.data)
    event_id = record.header("ce_id")
    if not is_id(event_id):
        event_id = names.result_id(
            its_id, stage, storable(generation)[:_MAX_GENERATION] if isinstance(generation, str) else None
        )
    at_ms = record.timestamp_ms
    row = _made(
        ResultRow,
        (
            pipeline,
            event_id,
            its_id,
            stage,
            at_ms,
            record.topic,
            record.partition,
            record.offset,
            text,
            storable(summary),
            found.label,
            found.score,
            found.objects,
        ),
    )
    return row, label_rows(pipeline, event_id, stage, at_ms, found.labels)


def found_in(result: Mapping[str, Any]) -> Found:
    """What a result is found by, perhaps one of another version."""
    parts, measure = result.get("predictions"), "score"
    several = not isinstance(parts, list) or result.get("outputType", _CLASSIFICATION) != _CLASSIFICATION
    if not isinstance(parts, list):
        parts, measure = result.get("classes"), "fraction"
    if not isinstance(parts, list):
        whole = result.get("anomaly", result.get("text"))
        return Found(None, events.number_of(whole.get("score")) if isinstance(whole, dict) else None, None, {})
    best = parts[0] if parts and isinstance(parts[0], dict) else {}
    label, score = best.get("label"), events.number_of(best.get(measure))
    label = stored_label(label) if isinstance(label, str) else None
    # Labels that are equal in the form that is stored: the score of the last, as nothing tells them apart.
    labels = {stored_label(one): of_one for one, of_one in events.scores_of(result).items()}
    return Found(label, score, len(parts) if several else None, labels)


def _found_in_usual(result: UsualResult) -> Found:
    """As `found_in`."""
    predictions = result.predictions
    best = predictions[0]
    label = _known_label(best.label) if len(best.label) <= _MAX_LABEL_BYTES else stored_label(best.label)
    if result.output_type == _CLASSIFICATION:
        return Found(label, best.score, None, {label: best.score})
    scores: dict[str, float] = {}
    for one in predictions:
        known = scores.get(one.label)
        if known is None or one.score > known:
            scores[one.label] = one.score
    return Found(label, best.score, len(predictions), {stored_label(one): score for one, score in scores.items()})


def _summary_of_usual(result: UsualResult) -> str:
    """As `summary_of`."""
    predictions = result.predictions
    best = predictions[0]
    boxes = best.box is not UNSET
    if not boxes and result.output_type != "MultiLabel":
        return summary_of_class(best.label, best.score)
    return summary_of_several(
        [(one.label, one.score) for one in predictions[:MOST_LISTED]], len(predictions), boxes=boxes
    )


def label_rows(
    pipeline: str, event_id: str, stage: str, at_ms: int, labels: Mapping[str, float | None]
) -> list[LabelRow]:
    """The rows of the labels of a result."""
    rows: list[LabelRow] = []
    for label, score in labels.items() if len(labels) <= _MOST_LABELS else islice(labels.items(), _MOST_LABELS):
        # Most results have one label: a comprehension takes longer.
        rows.append(_made(LabelRow, (pipeline, event_id, label, stage, at_ms, score)))
    return rows


def result_image_id(data: Mapping[str, Any]) -> str | None:
    """The id of a result's image; None if there is none, or an invalid one."""
    said = data.get("imageId")
    return _checked_id(said) if isinstance(said, str) else None


def _checked_id(said: str) -> str | None:
    if said.isascii() and 0 < len(said) <= _MAX_ID_BYTES and "\x00" not in said:
        return said
    its_id = storable(said)
    return its_id if is_id(its_id) else None


def stored_label(label: str) -> str:
    """A label in the form that the store searches for."""
    return _known_label(label) if len(label) <= _MAX_LABEL_BYTES else at_most(_MAX_LABEL_BYTES, storable(label))


@lru_cache(1_024)
def _known_label(label: str) -> str:
    # A pipeline has few labels, and each of its results has some of them.
    return at_most(_MAX_LABEL_BYTES, storable(label))


def is_id(text: str | None) -> TypeGuard[str]:
    """Whether the store can have `text` as the id of an image or a result."""
    # A character has at most 4 bytes.
    return text is not None and text != "" and (len(text) * 4 <= _MAX_ID_BYTES or len(text.encode()) <= _MAX_ID_BYTES)
