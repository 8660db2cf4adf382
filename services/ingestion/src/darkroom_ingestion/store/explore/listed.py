"""The rows of many images, without the data of their results, which may be large."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from darkroom_ingestion.records.answers import ReceivedImage, StageFailure, StageResult
from darkroom_ingestion.store.queries import (
    DeadLetterRow,
    dead_letter_of,
    received_images,
    stage_failure_of,
    with_redrives,
)
from darkroom_ingestion.store.tables import dead_letters, result_labels, results
from darkroom_ingestion.times import rfc3339

_COLUMNS = ("image_id", "event_id", "stage", "at_ms", "partition", "offset", "summary", "label", "score", "objects")
_ROWS_AT_ONCE = 8
"""Results whose data is in memory at the same time."""


@dataclass(frozen=True)
class ListedResult(StageResult):
    """A result whose data is what lists show of it."""

    event_id: str = ""

    @property
    def score(self) -> float | None:
        """Of the best prediction."""
        score: float | None = self.data["score"]
        return score


@dataclass
class ListedImage:
    """What the store has of an image."""

    image: ReceivedImage | None = None
    results: list[ListedResult] = field(default_factory=list)
    letters: list[DeadLetterRow] = field(default_factory=list)

    @property
    def newest(self) -> dict[str, ListedResult]:
        """The newest result of each stage."""
        return {result.stage: result for result in sorted(self.results, key=lambda result: result.order)}

    @property
    def failures(self) -> list[StageFailure]:
        """The failures that the dead letters tell of."""
        return [stage_failure_of(letter) for letter in self.letters]


def listed_images(connection: Connection, pipeline: str, image_ids: Sequence[str]) -> dict[str, ListedImage]:
    """What the store has of these images, by id."""
    found = {image_id: ListedImage() for image_id in image_ids}
    for image_id, image in received_images(connection, pipeline, image_ids).items():
        found[image_id].image = image
    of_images = (results.c.pipeline == pipeline, results.c.image_id.in_(image_ids))
    for row in connection.execute(select(*(results.c[name] for name in _COLUMNS)).where(*of_images)):
        found[row[0]].results.append(_listed(row))
    letters = with_redrives().where(dead_letters.c.pipeline == pipeline, dead_letters.c.image_id.in_(image_ids))
    for letter in map(dead_letter_of, connection.execute(letters)):
        found[letter.image_id].letters.append(letter)
    _add_sources(connection, pipeline, found.values())
    return found


def labelled(connection: Connection, pipeline: str, label: str, of: Iterable[ListedImage]) -> dict[str, float | None]:
    """The scores of a label in the newest results of images, by the ids of the results that have it."""
    events = [result.event_id for image in of for result in image.newest.values()]
    own = (result_labels.c.pipeline == pipeline, result_labels.c.event_id.in_(events), result_labels.c.label == label)
    query = select(result_labels.c.event_id, result_labels.c.score).where(*own)
    return {row.event_id: row.score for row in connection.execute(query)}


def data_of_results(connection: Connection, pipeline: str, event_ids: Iterable[str]) -> dict[str, str]:
    """The data of results, as JSON text from the log, by their ids."""
    own = (results.c.pipeline == pipeline, results.c.event_id.in_(list(event_ids)))
    rows = connection.execute(select(results.c.event_id, results.c.data).where(*own))
    return {row.event_id: row.data for row in rows}


def _listed(row: Sequence[Any]) -> ListedResult:
    # By position: SQLAlchemy takes ten times as long to find a value by its name.
    _, event_id, stage, at_ms, partition, offset, summary, label, score, objects = row
    shown = {
        "stage": stage,
        "analyzedAt": rfc3339(at_ms),
        "summary": summary,
        "label": label,
        "score": score,
        "objects": objects,
    }
    return ListedResult(stage, at_ms, shown, partition, offset, event_id)


def _add_sources(connection: Connection, pipeline: str, found: Iterable[ListedImage]) -> None:
    """Add to results where their image was in the log, if it is needed: to tell whether the stage failed later."""
    needed: dict[str, ListedResult] = {}
    for image in found:
        failed = {letter.stage for letter in image.letters}
        if failed or image.image is None:
            newest = image.newest.values()
            needed |= {result.event_id: result for result in newest if image.image is None or result.stage in failed}
    own = (results.c.pipeline == pipeline, results.c.event_id.in_(needed))
    query = select(results.c.event_id, results.c.data).where(*own)
    if needed:
        for row in connection.execute(query, execution_options={"yield_per": _ROWS_AT_ONCE}):
            needed[row.event_id].data["source"] = json.loads(row.data).get("source")
