"""Redrive jobs: who redrives which dead letters in the background, and how far it is.

A job is worked on by one process, which claims it. The claim of a process that is gone ends after its lease; another
process then continues at the job's position.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, or_, select, tuple_, update

from darkroom_ingestion.store.queries import DeadLetterCursor
from darkroom_ingestion.store.tables import redrive_jobs

State = Literal["Running", "Done", "Stopped", "Failed"]
JobCursor = tuple[int, str]
"""The start and the id of the last job of a page."""

LEASE_MS = 60_000
"""After this time without a word, the process that works on a job is gone."""
_KEPT_MS = 90 * 24 * 3_600_000


@dataclass(frozen=True)
class RedriveJob:
    """One job.

    Attributes:
        selection: the dead letters, as in the request.
        by: who has started it.
        matched: how many dead letters were selected at the start.
        failed: how many could not be published again.
        message: why it has ended, or what it waits for.
        position: the last dead letter that it has dealt with.
    """

    id: str
    pipeline: str
    stage: str
    selection: Mapping[str, Any]
    rate_per_second: float
    by: str
    matched: int
    started_at_ms: int
    state: State = "Running"
    redriven: int = 0
    failed: int = 0
    message: str | None = None
    finished_at_ms: int | None = None
    position: DeadLetterCursor | None = None


def add_job(connection: Connection, job: RedriveJob) -> str | None:
    """Add a job, unless one of the same stage runs. Returns the id of that one. Call it in a transaction of `write`.

    Raises:
        IntegrityError: one of the same stage was added at the same time.
    """
    same = (redrive_jobs.c.pipeline == job.pipeline) & (redrive_jobs.c.stage == job.stage)
    running = connection.execute(select(redrive_jobs.c.id).where(same, _RUNNING)).scalar()
    if running is not None:
        return str(running)
    connection.execute(
        insert(redrive_jobs).values(
            id=job.id,
            pipeline=job.pipeline,
            stage=job.stage,
            selection=json.dumps(job.selection),
            rate_per_second=job.rate_per_second,
            by=job.by,
            state=job.state,
            matched=job.matched,
            redriven=0,
            failed=0,
            started_at_ms=job.started_at_ms,
            claimed_at_ms=0,
        )
    )
    return None


def find_job(connection: Connection, pipeline: str, job_id: str) -> RedriveJob | None:
    """A job of a pipeline."""
    query = select(redrive_jobs).where(redrive_jobs.c.pipeline == pipeline, redrive_jobs.c.id == job_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else _job(row)


def jobs_page(
    connection: Connection, pipeline: str, *, after: JobCursor | None, limit: int
) -> tuple[list[RedriveJob], JobCursor | None]:
    """Jobs of a pipeline, newest first, and the cursor of the next page if there is one."""
    order = (redrive_jobs.c.started_at_ms, redrive_jobs.c.id)
    query = select(redrive_jobs).where(redrive_jobs.c.pipeline == pipeline)
    if after is not None:
        query = query.where(tuple_(*order) < tuple_(*after))
    rows = connection.execute(query.order_by(*(column.desc() for column in order)).limit(limit + 1)).all()
    page = [_job(row) for row in rows[:limit]]
    return page, (page[-1].started_at_ms, page[-1].id) if len(rows) > limit else None


def unclaimed_jobs(connection: Connection, at_ms: int) -> list[RedriveJob]:
    """The running jobs that no process works on, oldest first."""
    query = select(redrive_jobs).where(_RUNNING, _unclaimed(at_ms)).order_by(redrive_jobs.c.started_at_ms)
    return [_job(row) for row in connection.execute(query)]


def claim_job(connection: Connection, job_id: str, owner: str, at_ms: int) -> bool:
    """Claim a running job that no process works on. Returns whether it is ours."""
    statement = update(redrive_jobs).where(redrive_jobs.c.id == job_id, _RUNNING, _unclaimed(at_ms))
    return connection.execute(statement.values(owner=owner, claimed_at_ms=at_ms)).rowcount > 0


def record_progress(connection: Connection, job: RedriveJob, owner: str, at_ms: int) -> bool:
    """Store how far a job is, and renew the claim. Returns False if it was stopped, or is no longer ours.

    Of a job that was stopped, what was done until then is stored too.
    """
    ours = update(redrive_jobs).where(redrive_jobs.c.id == job.id, redrive_jobs.c.owner == owner)
    counts = {
        "redriven": job.redriven,
        "failed": job.failed,
        "position": None if job.position is None else json.dumps(job.position),
        "claimed_at_ms": at_ms,
    }
    end = {"state": job.state, "message": job.message, "finished_at_ms": job.finished_at_ms}
    if connection.execute(ours.where(_RUNNING).values(counts | end)).rowcount:
        return True
    connection.execute(ours.values(counts))
    return False


def release_job(connection: Connection, job_id: str, owner: str) -> None:
    """Give up a claim, so that another process can continue at once."""
    statement = update(redrive_jobs).where(redrive_jobs.c.id == job_id, redrive_jobs.c.owner == owner)
    connection.execute(statement.values(owner=None, claimed_at_ms=0))


def stop_job(connection: Connection, pipeline: str, job_id: str, message: str, at_ms: int) -> RedriveJob | None:
    """Stop a job if it runs. Returns the job; None if there is no such job."""
    statement = update(redrive_jobs).where(redrive_jobs.c.pipeline == pipeline, redrive_jobs.c.id == job_id, _RUNNING)
    connection.execute(statement.values(state="Stopped", message=message, finished_at_ms=at_ms))
    return find_job(connection, pipeline, job_id)


def forget_old_jobs(connection: Connection, at_ms: int) -> None:
    """Remove jobs that ended long ago."""
    connection.execute(delete(redrive_jobs).where(redrive_jobs.c.finished_at_ms < at_ms - _KEPT_MS))


_RUNNING = redrive_jobs.c.state == "Running"


def _unclaimed(at_ms: int) -> ColumnElement[bool]:
    return or_(redrive_jobs.c.owner.is_(None), redrive_jobs.c.claimed_at_ms < at_ms - LEASE_MS)


def _job(row: Row[Any]) -> RedriveJob:
    return RedriveJob(
        id=row.id,
        pipeline=row.pipeline,
        stage=row.stage,
        selection=json.loads(row.selection),
        rate_per_second=row.rate_per_second,
        by=row.by,
        matched=row.matched,
        started_at_ms=row.started_at_ms,
        state=row.state,
        redriven=row.redriven,
        failed=row.failed,
        message=row.message,
        finished_at_ms=row.finished_at_ms,
        position=None if row.position is None else _cursor(json.loads(row.position)),
    )


def _cursor(values: list[Any]) -> DeadLetterCursor:
    at_ms, topic, partition, offset = values
    return at_ms, topic, partition, offset
