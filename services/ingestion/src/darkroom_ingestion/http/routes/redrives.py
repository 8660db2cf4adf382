"""Redrives in the background: starting, following and stopping them."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from darkroom_ingestion.http.audited import tell_audit
from darkroom_ingestion.http.documents.redrives import (
    RedriveJob,
    RedriveJobRequest,
    RedriveJobsPage,
    RedrivePreview,
)
from darkroom_ingestion.http.problems import HttpProblem, not_found
from darkroom_ingestion.http.requests.callers import name_of
from darkroom_ingestion.http.requests.cursors import MAX_LENGTH, read_result_cursor, write_cursor
from darkroom_ingestion.http.requests.json_bodies import JsonRoute
from darkroom_ingestion.http.routes.described import PageSize, Served, ServicesOf, document, json_answer, problems
from darkroom_ingestion.http.routes.stored_files import dead_letters_topic
from darkroom_ingestion.images.ids import new_image_id
from darkroom_ingestion.images.redrives.selection import letters_selected
from darkroom_ingestion.records.text import storable
from darkroom_ingestion.store.database import RowRefused
from darkroom_ingestion.store.queries import count_dead_letters
from darkroom_ingestion.store.redrives import jobs
from darkroom_ingestion.times import now_ms, rfc3339

router = APIRouter(tags=["dead letters"])
_posts = APIRouter(route_class=JsonRoute)

_PATH = "/v1/pipelines/{namespace}/{name}/dead-letters/redrives"
JobId = Annotated[str, Path(max_length=40, description="The redrive's id.")]


@_posts.post(
    _PATH,
    summary="Redrive dead letters in the background",
    status_code=201,
    response_class=Response,
    responses={
        200: {"model": RedrivePreview, "description": "With `dryRun`: how many dead letters are selected."},
        201: {
            "model": RedriveJob,
            "description": "The redrive has started.",
            "headers": {"Location": {"description": "Its path.", "schema": {"type": "string"}}},
        },
        **problems(400, 404, 408, 409, 413, 422, 503),
    },
)
async def post_redrives(request: Request, services: ServicesOf, served: Served, asked: RedriveJobRequest) -> Response:
    """Publishes each image again for the stage that failed on it, oldest first, at most `ratePerSecond` of them.

    One redrive of a stage runs at a time. It continues after a restart of the service.
    """
    dead_letters_topic(served, asked.stage)
    which = letters_selected(asked.stage, asked.selection())
    matched = await services.database.reading(partial(count_dead_letters, pipeline=served.key, which=which))
    if asked.dry_run:
        return json_answer({"matched": matched})
    job = jobs.RedriveJob(
        id=new_image_id(),
        pipeline=served.key,
        stage=asked.stage,
        selection=asked.selection(),
        rate_per_second=asked.rate_per_second,
        by=name_of(request.scope),
        matched=matched,
        started_at_ms=now_ms(),
    )
    try:
        running = await services.database.writing(partial(jobs.add_job, job=job))
    except RowRefused:  # another replica has added one at the same time
        running = "another"
    if running is not None:
        raise HttpProblem(
            409,
            "redrive-running",
            "A redrive is running",
            f"A redrive of stage {asked.stage} is running ({running}): wait for its end, or stop it.",
            headers={"Retry-After": "5"},
            extra={"running": running},
        )
    services.redrive_jobs.look()
    tell_audit(request.scope, redrive=job.id, stage=job.stage, count=matched)
    return json_answer(_document(job), 201, {"Location": f"{served.path}/dead-letters/redrives/{job.id}"})


@router.get(
    _PATH,
    summary="List redrives, newest first",
    response_class=Response,
    responses={**document(RedriveJobsPage, "A page of redrives."), **problems(404, 422, 503)},
)
async def get_redrives(
    services: ServicesOf,
    served: Served,
    after: Annotated[str | None, Query(max_length=MAX_LENGTH, description="The `next` of the previous page.")] = None,
    limit: PageSize = 100,
) -> Response:
    """Those that run, and those that have ended: who redrove which dead letters, and when."""
    find = partial(jobs.jobs_page, pipeline=served.key, after=read_result_cursor(after), limit=limit)
    page, following = await services.database.reading(find)
    return json_answer({"redrives": [_document(job) for job in page], "next": write_cursor(following)})


@router.get(
    _PATH + "/{redrive_id}",
    summary="Get a redrive",
    response_class=Response,
    responses={**document(RedriveJob, "The redrive."), **problems(404, 422, 503)},
)
async def get_redrive(services: ServicesOf, served: Served, redrive_id: JobId) -> Response:
    """How far it is."""
    job = await services.database.reading(partial(jobs.find_job, pipeline=served.key, job_id=storable(redrive_id)))
    return json_answer(_document(_found(job, redrive_id)))


@router.delete(
    _PATH + "/{redrive_id}",
    summary="Stop a redrive",
    response_class=Response,
    responses={**document(RedriveJob, "The redrive, which has ended."), **problems(404, 422, 503)},
)
async def delete_redrive(request: Request, services: ServicesOf, served: Served, redrive_id: JobId) -> Response:
    """Images that are being published at this moment are still published. A redrive that has ended stays as it is."""
    stop = partial(
        jobs.stop_job,
        pipeline=served.key,
        job_id=storable(redrive_id),
        message=f"Stopped by {name_of(request.scope)}.",
        at_ms=now_ms(),
    )
    job = await services.database.writing(stop)
    return json_answer(_document(_found(job, redrive_id)))


router.include_router(_posts)


def _found(job: jobs.RedriveJob | None, redrive_id: str) -> jobs.RedriveJob:
    if job is None:
        raise not_found(f"There is no redrive {redrive_id!r:.60} of this pipeline.")
    return job


def _document(job: jobs.RedriveJob) -> dict[str, Any]:
    return {
        "id": job.id,
        "state": job.state,
        "stage": job.stage,
        "selection": job.selection,
        "matched": job.matched,
        "redriven": job.redriven,
        "failed": job.failed,
        "ratePerSecond": job.rate_per_second,
        "by": job.by,
        "startedAt": rfc3339(job.started_at_ms),
        "finishedAt": None if job.finished_at_ms is None else rfc3339(job.finished_at_ms),
        "message": job.message,
    }
