"""Redrive jobs in the store: one per stage, one owner at a time."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import insert

from darkroom_ingestion.store.database import Database, RowRefused
from darkroom_ingestion.store.opening import open_database
from darkroom_ingestion.store.redrives.jobs import (
    LEASE_MS,
    RedriveJob,
    add_job,
    claim_job,
    find_job,
    forget_old_jobs,
    jobs_page,
    record_progress,
    release_job,
    stop_job,
    unclaimed_jobs,
)
from darkroom_ingestion.store.tables import redrive_jobs

DAY_MS = 24 * 3_600_000
JOB = RedriveJob("one", "demo/digits", "classify", {"all": True}, 50.0, "10.0.0.7", 3, 1_000)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = open_database(f"sqlite:///{tmp_path}/store.db")
    yield database
    database.close()


def test_a_stage_has_one_running_job(database: Database) -> None:
    other_stage = replace(JOB, id="two", stage="embed")
    again = replace(JOB, id="three")

    assert database.write(lambda c: add_job(c, JOB)) is None
    assert database.write(lambda c: add_job(c, other_stage)) is None
    assert database.write(lambda c: add_job(c, again)) == "one"
    # What another replica may do at the same time, the index refuses.
    with pytest.raises(RowRefused):
        database.write(
            lambda c: c.execute(
                insert(redrive_jobs).values(
                    id="four",
                    pipeline=JOB.pipeline,
                    stage=JOB.stage,
                    selection="{}",
                    rate_per_second=1,
                    by="",
                    state="Running",
                    matched=0,
                    redriven=0,
                    failed=0,
                    started_at_ms=0,
                    claimed_at_ms=0,
                )
            )
        )
    stopped = database.write(lambda c: stop_job(c, JOB.pipeline, "one", "Stopped by 10.0.0.8.", 2_000))
    assert stopped == replace(JOB, state="Stopped", message="Stopped by 10.0.0.8.", finished_at_ms=2_000)
    assert database.write(lambda c: stop_job(c, JOB.pipeline, "one", "again", 3_000)) == stopped
    assert database.write(lambda c: add_job(c, again)) is None


def test_one_process_works_on_a_job_until_it_releases_it_or_is_gone(database: Database) -> None:
    database.write(lambda c: add_job(c, JOB))

    assert database.read(lambda c: unclaimed_jobs(c, 5_000)) == [JOB]
    assert database.write(lambda c: claim_job(c, "one", "a", 5_000))
    assert not database.write(lambda c: claim_job(c, "one", "b", 5_000))
    assert database.read(lambda c: unclaimed_jobs(c, 5_000 + LEASE_MS)) == []
    further = replace(JOB, redriven=2, failed=1, position=(900, "letters", 0, 7), message="it is gone")
    assert database.write(lambda c: record_progress(c, further, "a", 9_000))
    assert not database.write(lambda c: record_progress(c, JOB, "b", 9_000))
    assert database.read(lambda c: unclaimed_jobs(c, 9_001 + LEASE_MS)) == [further]
    assert database.write(lambda c: claim_job(c, "one", "b", 9_001 + LEASE_MS))
    assert not database.write(lambda c: record_progress(c, JOB, "a", 9_002 + LEASE_MS))
    database.write(lambda c: release_job(c, "one", "b"))
    assert database.read(lambda c: unclaimed_jobs(c, 10_000)) == [further]


def test_a_job_that_was_stopped_goes_no_further_and_says_how_far_it_was(database: Database) -> None:
    database.write(lambda c: add_job(c, JOB))
    database.write(lambda c: claim_job(c, "one", "a", 5_000))
    database.write(lambda c: stop_job(c, JOB.pipeline, "one", "Stopped by 10.0.0.8.", 6_000))

    assert not database.write(lambda c: record_progress(c, replace(JOB, redriven=9), "a", 7_000))
    stopped = database.read(lambda c: find_job(c, JOB.pipeline, "one"))
    assert stopped is not None
    assert (stopped.state, stopped.message, stopped.redriven) == ("Stopped", "Stopped by 10.0.0.8.", 9)
    assert database.read(lambda c: unclaimed_jobs(c, 10 * LEASE_MS)) == []


def test_jobs_are_listed_newest_first_and_forgotten_after_90_days(database: Database) -> None:
    for number in range(3):
        job = replace(JOB, id=f"job-{number}", started_at_ms=1_000 + number)
        database.write(lambda c, job=job: add_job(c, job))
        database.write(lambda c, job=job: stop_job(c, JOB.pipeline, job.id, "", 2_000 + DAY_MS * int(job.id[-1])))
    page, following = database.read(lambda c: jobs_page(c, JOB.pipeline, after=None, limit=2))
    rest, end = database.read(lambda c: jobs_page(c, JOB.pipeline, after=following, limit=2))

    assert [job.id for job in [*page, *rest]] == ["job-2", "job-1", "job-0"]
    assert end is None
    assert database.read(lambda c: jobs_page(c, "demo/other", after=None, limit=2)) == ([], None)
    database.write(lambda c: forget_old_jobs(c, 2_001 + 91 * DAY_MS))
    assert database.read(lambda c: find_job(c, JOB.pipeline, "job-1")) is None
    assert database.read(lambda c: find_job(c, JOB.pipeline, "job-2")) is not None
