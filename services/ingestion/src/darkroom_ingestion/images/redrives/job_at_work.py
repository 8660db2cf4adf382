"""Working on one redrive job, from its position to its end."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final

import structlog

from darkroom.backoff import Backoff
from darkroom.errors import DarkroomError
from darkroom.kafka.errors import KafkaUnreachable
from darkroom_ingestion.catalog.served import ServedPipeline
from darkroom_ingestion.images.errors import RedriveInProgress, TooManyWaiting
from darkroom_ingestion.images.redrives.redrive import Redriven, Redrives
from darkroom_ingestion.images.redrives.selection import letters_selected
from darkroom_ingestion.kafka.publisher import Ack
from darkroom_ingestion.links.links import NotConnected
from darkroom_ingestion.store.queries import DeadLetterRow, dead_letters_page
from darkroom_ingestion.store.redrives.jobs import RedriveJob, State, record_progress
from darkroom_ingestion.times import now_ms

_AT_A_TIME: Final = 16
_MOST_OF_IDS: Final = 10_000
"""Dead letters of the images that a job has by their ids."""
_FIRST_RETRY_S, _LAST_RETRY_S = 0.5, 10.0
_PATIENCE_S: Final = 90.0
"""How long to wait for letters that another request has claimed: longer than an abandoned claim is respected."""

log = structlog.get_logger("darkroom.ingestion.redrives")


class JobLost(DarkroomError):
    """The job was stopped, or another process works on it."""


class JobAtWork:
    """One job that this process has claimed as `owner`."""

    def __init__(self, redrives: Redrives, owner: str, job: RedriveJob) -> None:
        self._redrives, self._owner = redrives, owner
        self.job = job
        self._retries = Backoff(_FIRST_RETRY_S, _LAST_RETRY_S)
        self._stuck_since: float | None = None
        self._last_failure: str | None = None

    async def run(self) -> None:
        """Redrive the selected dead letters, oldest first, until none is left.

        Letters that failed after the job was started are not selected: its own images may fail again.

        Raises:
            JobLost: it was stopped.
            StoreUnavailable: the store can't be written.
        """
        loop = asyncio.get_running_loop()
        next_at = loop.time()
        while True:
            served = self._redrives.links.pipelines.get(self.job.pipeline)
            if served is None:
                await self._without_pipeline()
                return
            letters = await self._letters()
            if not letters:
                await self.end("Done", None)
                return
            try:
                tried = await self._redrive(served, letters)
            except (KafkaUnreachable, NotConnected) as error:
                await self._wait_for(str(error))
                next_at = loop.time()
                continue
            next_at = max(next_at, loop.time() - 1) + tried / self.job.rate_per_second
            await asyncio.sleep(max(0.0, next_at - loop.time()))

    async def end(self, state: State, message: str | None) -> None:
        """Store the end of the job.

        Raises:
            JobLost: it was stopped before.
            StoreUnavailable: the store can't be written.
        """
        self.job = replace(self.job, state=state, message=message or self.job.message, finished_at_ms=now_ms())
        await self._store()
        log.info("a redrive has ended", redrive=self.job.id, state=state, redriven=self.job.redriven)

    async def _without_pipeline(self) -> None:
        pipelines = self._redrives.links.pipelines
        if pipelines.known and self.job.pipeline not in pipelines.unserved:
            await self.end("Stopped", f"The pipeline {self.job.pipeline} is no longer served.")
        else:
            await self._wait_for(f"The pipeline {self.job.pipeline} is not ready.")

    async def _letters(self) -> list[DeadLetterRow]:
        """The next dead letters, oldest first, no more than the rate allows in a second."""
        limit = max(1, min(_AT_A_TIME, int(self.job.rate_per_second)))
        which = letters_selected(self.job.stage, self.job.selection)
        started = self.job.started_at_ms
        which = replace(which, until_ms=started if which.until_ms is None else min(which.until_ms, started))
        find = partial(dead_letters_page, pipeline=self.job.pipeline, which=which)
        if which.image_ids is None:
            page, _ = await self._redrives.database.reading(
                partial(find, after=self.job.position, limit=limit, oldest_first=True)
            )
            return page
        # Of an image that failed several times, only the newest letter; unless this job has redriven it.
        page, _ = await self._redrives.database.reading(partial(find, after=None, limit=_MOST_OF_IDS))
        newest = {letter.image_id: letter for letter in reversed(page)}.values()
        left = [
            letter
            for letter in sorted(newest, key=lambda letter: letter.cursor)
            if (self.job.position is None or letter.cursor > self.job.position)
            and (letter.redriven_at_ms is None or letter.redriven_at_ms < started)
        ]
        return left[:limit]

    async def _redrive(self, served: ServedPipeline, letters: Sequence[DeadLetterRow]) -> int:
        """Redrive some letters, and store the progress. Returns how many were published."""
        done = {outcome.letter.cursor: outcome for outcome in await self._redrives.redrive(served, letters)}
        position, failures = self.job.position, []
        stuck = self._is_stuck()
        for letter in letters:
            outcome = done.get(letter.cursor)
            if outcome is not None and _may_succeed(outcome) and not stuck:
                break
            position = letter.cursor
            if outcome is not None and not isinstance(outcome.outcome, Ack):
                failures.append(str(outcome.outcome))
        redriven = sum(isinstance(outcome.outcome, Ack) for outcome in done.values())
        self._last_failure = failures[-1] if failures else self._last_failure
        self.job = replace(
            self.job,
            redriven=self.job.redriven + redriven,
            failed=self.job.failed + len(failures),
            message=self._last_failure,
            position=position,
        )
        if position == letters[-1].cursor:
            self._retries.reset()
            self._stuck_since = None
            await self._store()
        else:
            self._stuck_since = self._stuck_since or asyncio.get_running_loop().time()
            await self._wait_for(str(next(outcome.outcome for outcome in done.values() if _may_succeed(outcome))))
        return redriven

    def _is_stuck(self) -> bool:
        now = asyncio.get_running_loop().time()
        return self._stuck_since is not None and now > self._stuck_since + _PATIENCE_S

    async def _wait_for(self, message: str) -> None:
        """Say what the job waits for, and wait a little."""
        self.job = replace(self.job, message=message)
        await self._store()
        await asyncio.sleep(self._retries.next_s())

    async def _store(self) -> None:
        record = partial(record_progress, job=self.job, owner=self._owner, at_ms=now_ms())
        if not await self._redrives.database.writing(record):
            raise JobLost(self.job.id)


def _may_succeed(outcome: Redriven) -> bool:
    """Whether the letter was not redriven, and trying again would help."""
    return isinstance(outcome.outcome, (TooManyWaiting, RedriveInProgress))
