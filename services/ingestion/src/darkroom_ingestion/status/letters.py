"""The dead letters of a pipeline's stages: how many with each reason, and the newest."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from darkroom_ingestion.status.facts import LetterFacts
from darkroom_ingestion.store.database import Database, StoreUnavailable
from darkroom_ingestion.store.status_rows import LastError, dead_letters_by_reason, last_errors
from darkroom_ingestion.times import parse_ms, rfc3339

_LAST_ERRORS = 5
_PAUSE = 10
"""A count that took a second is used for this many seconds: a million dead letters take half a second and more."""
_PATIENCE_S = 2.0

Counts = Mapping[str, Mapping[str, int]]
"""By stage, the number of dead letters by reason, most frequent first."""


@dataclass(frozen=True)
class StageLetters:
    """The dead letters of a stage: the number by reason, None if it is not known yet; and the newest, newest first."""

    by_reason: Mapping[str, int] | None
    newest: tuple[LetterFacts, ...]


@dataclass
class _Counted:
    """The last counts of a pipeline, until when they are used, and the count in progress."""

    counts: Counts = field(default_factory=dict)
    until: float = 0.0
    counting: asyncio.Task[None] | None = None


@dataclass
class Letters:
    """Counts dead letters in the store, at most a tenth of the time. Used from the event loop only."""

    database: Database
    _counted: dict[str, _Counted] = field(default_factory=dict)

    async def of(self, pipeline: str, stages: Sequence[str]) -> dict[str, StageLetters]:
        """The dead letters of every stage. If they take long to count, the numbers of the last count.

        Raises:
            StoreUnavailable: the store can't be read.
        """
        counts = await self._counts(pipeline, stages)
        # Read after the counts, so that none of what is counted is missing.
        newest = await self.database.reading(
            lambda connection: {stage: last_errors(connection, pipeline, stage, _LAST_ERRORS) for stage in stages}
        )
        return {stage: StageLetters(counts.get(stage), tuple(map(_letter, newest[stage]))) for stage in stages}

    def forget(self, pipeline: str) -> None:
        """Forget a pipeline that was removed."""
        self._counted.pop(pipeline, None)

    async def _counts(self, pipeline: str, stages: Sequence[str]) -> Counts:
        known = self._counted.setdefault(pipeline, _Counted())
        if time.monotonic() < known.until and known.counts.keys() == set(stages):
            return known.counts
        if known.counting is None:
            known.counting = asyncio.create_task(self._count(pipeline, stages, known))
        await asyncio.wait({known.counting}, timeout=_PATIENCE_S)
        return known.counts

    async def _count(self, pipeline: str, stages: Sequence[str], known: _Counted) -> None:
        def count(connection: Connection) -> Counts:
            return {stage: dead_letters_by_reason(connection, pipeline, stage) for stage in stages}

        started = time.monotonic()
        try:
            known.counts = await self.database.reading(count)
        except StoreUnavailable:
            return  # the newest letters can't be read either, which is reported
        finally:
            ended = time.monotonic()
            known.until = ended + _PAUSE * (ended - started)
            known.counting = None


def _letter(error: LastError) -> LetterFacts:
    failed_ms = parse_ms(error.failed_at) if error.failed_at else None
    at_ms = error.at_ms if failed_ms is None else failed_ms
    return LetterFacts(rfc3339(at_ms), error.image_id, error.reason, error.message)
