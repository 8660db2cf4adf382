"""The dead letters of a pipeline's stages: how many with each reason, and the newest."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from darkroom_ingestion.status.facts import LetterFacts
from darkroom_ingestion.store.database import Database
from darkroom_ingestion.store.status_rows import LastError, dead_letters_by_reason, last_errors
from darkroom_ingestion.times import parse_ms, rfc3339

_LAST_ERRORS = 5
_PAUSE = 10
"""A count that took a second is used for this many seconds: a million dead letters take about half a second."""


@dataclass(frozen=True)
class StageLetters:
    """The dead letters of a stage: the number by reason, most frequent first, and the newest, newest first."""

    by_reason: Mapping[str, int]
    newest: tuple[LetterFacts, ...]


@dataclass
class Letters:
    """Counts dead letters in the store, at most a tenth of the time."""

    database: Database
    _counted: dict[str, tuple[float, Mapping[str, Mapping[str, int]]]] = field(default_factory=dict)

    async def of(self, pipeline: str, stages: Sequence[str]) -> dict[str, StageLetters]:
        """The dead letters of every stage.

        Raises:
            StoreUnavailable: the store can't be read.
        """

        def read(connection: Connection) -> dict[str, StageLetters]:
            counts = self._counts(connection, pipeline, stages)
            return {
                stage: StageLetters(
                    counts[stage], tuple(map(_letter, last_errors(connection, pipeline, stage, _LAST_ERRORS)))
                )
                for stage in stages
            }

        return await self.database.reading(read)

    def forget(self, pipeline: str) -> None:
        """Forget a pipeline that was removed."""
        self._counted.pop(pipeline, None)

    def _counts(self, connection: Connection, pipeline: str, stages: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        started = time.monotonic()
        until, counts = self._counted.get(pipeline, (0.0, {}))
        if started < until and counts.keys() == set(stages):
            return counts
        counts = {stage: dead_letters_by_reason(connection, pipeline, stage) for stage in stages}
        ended = time.monotonic()
        self._counted[pipeline] = (ended + _PAUSE * (ended - started), counts)
        return counts


def _letter(error: LastError) -> LetterFacts:
    failed_ms = parse_ms(error.failed_at) if error.failed_at else None
    at_ms = error.at_ms if failed_ms is None else failed_ms
    return LetterFacts(rfc3339(at_ms), error.image_id, error.reason, error.message)
