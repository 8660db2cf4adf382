"""Redrive jobs: each redrives many dead letters in the background, at its rate."""

import asyncio
from contextlib import suppress
from functools import partial
from typing import Final

import structlog

from darkroom_ingestion.images.redrives.job_at_work import JobAtWork, JobLost
from darkroom_ingestion.images.redrives.redrive import Redrives
from darkroom_ingestion.store.database import StoreUnavailable
from darkroom_ingestion.store.redrives.jobs import RedriveJob, claim_job, release_job, unclaimed_jobs
from darkroom_ingestion.times import now_ms

_MOST_AT_ONCE: Final = 4
"""Jobs that one process works on."""
_LOOK_EVERY_S: Final = 5.0

log = structlog.get_logger("darkroom.ingestion.redrives")


class RedriveJobs:
    """Works on the jobs in the store that no other process works on. Used from the event loop only."""

    def __init__(self, redrives: Redrives) -> None:
        self._redrives, self._database = redrives, redrives.database
        self._owner = redrives.claimant.owner.name
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._changed = asyncio.Event()

    def look(self) -> None:
        """Look for jobs now: there is a new one."""
        self._changed.set()

    async def run(self) -> None:
        """Work on jobs until cancelled. Their claims end then, so that another process continues at once."""
        try:
            while True:
                self._changed.clear()
                await self._start_some()
                try:
                    async with asyncio.timeout(_LOOK_EVERY_S):
                        await self._changed.wait()
                except TimeoutError:
                    pass
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _start_some(self) -> None:
        """Claim jobs, as many as this process may work on."""
        free = _MOST_AT_ONCE - len(self._tasks)
        waiting = await self._database.reading(lambda c: unclaimed_jobs(c, now_ms())) if free else []
        for job in waiting[:free]:
            if await self._database.writing(partial(claim_job, job_id=job.id, owner=self._owner, at_ms=now_ms())):
                self._tasks[job.id] = asyncio.create_task(self._work(job), name=f"redrive {job.id}")

    async def _work(self, job: RedriveJob) -> None:
        work = JobAtWork(self._redrives, self._owner, job)
        try:
            await work.run()
        except JobLost:
            log.info("a redrive was stopped, or another process continues it", redrive=job.id)
        except StoreUnavailable as error:
            log.warning("the progress of a redrive can't be stored", redrive=job.id, reason=str(error))
        except Exception as error:
            log.exception("a redrive has failed", redrive=job.id)
            with suppress(JobLost, StoreUnavailable):
                await work.end("Failed", str(error) or type(error).__name__)
        finally:
            release = partial(release_job, job_id=job.id, owner=self._owner)
            try:
                with suppress(StoreUnavailable):
                    await asyncio.shield(self._database.writing(release))
            finally:
                self._tasks.pop(job.id, None)
                self.look()
