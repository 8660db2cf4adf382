"""Dead letters: listing, downloading, redriving."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from darkroom_ingestion.catalog.served import ServedPipeline
from darkroom_ingestion.http.audited import tell_audit
from darkroom_ingestion.http.documents.dead_letters import DeadLettersPage, RedriveRequest, RedriveResult
from darkroom_ingestion.http.errors import problem_of
from darkroom_ingestion.http.requests.cursors import MAX_LENGTH, read_dead_letter_cursor, write_cursor
from darkroom_ingestion.http.requests.json_bodies import JsonRoute
from darkroom_ingestion.http.routes.content import CONTENT_RESPONSES, ConditionsOf, content_response
from darkroom_ingestion.http.routes.described import (
    PageSize,
    Served,
    ServicesOf,
    StageFilter,
    document,
    json_answer,
    problems,
)
from darkroom_ingestion.http.routes.stored_files import dead_letters_topic, read_dead_letter
from darkroom_ingestion.images.redrives.selection import letters_selected
from darkroom_ingestion.kafka.publisher import Ack
from darkroom_ingestion.records.text import storable
from darkroom_ingestion.store.queries import DeadLetterFilter, DeadLetterRow, dead_letters_page
from darkroom_ingestion.times import rfc3339

router = APIRouter(tags=["dead letters"])
_redrives = APIRouter(route_class=JsonRoute)

LetterStage = Annotated[str, Path(max_length=40, description="The stage that failed.")]
LetterPartition = Annotated[int, Path(ge=0, le=2**31 - 1)]
LetterOffset = Annotated[int, Path(ge=0, le=2**63 - 1)]


@router.get(
    "/v1/pipelines/{namespace}/{name}/dead-letters",
    summary="List dead letters, newest first",
    response_class=Response,
    responses={**document(DeadLettersPage, "A page of dead letters."), **problems(404, 422, 503)},
)
async def get_dead_letters(
    services: ServicesOf,
    served: Served,
    stage: StageFilter = None,
    reason: Annotated[
        str | None, Query(max_length=100, description="Only this reason.", examples=["DecodeError"])
    ] = None,
    after: Annotated[str | None, Query(max_length=MAX_LENGTH, description="The `next` of the previous page.")] = None,
    limit: PageSize = 100,
) -> Response:
    """Images that a stage could not analyse, with the reasons."""
    start = read_dead_letter_cursor(after)
    which = DeadLetterFilter(stage=_clean(stage), reason=_clean(reason))
    page, following = await services.database.reading(
        lambda c: dead_letters_page(c, served.key, which, after=start, limit=limit)
    )
    return json_answer({"deadLetters": [_document(letter, served) for letter in page], "next": write_cursor(following)})


@router.get(
    "/v1/pipelines/{namespace}/{name}/dead-letters/{stage}/{partition}/{offset}/content",
    summary="Download the image of a dead letter",
    response_class=Response,
    responses={**CONTENT_RESPONSES, **problems(404, 410, 416, 422, 503)},
)
async def get_dead_letter_content(
    services: ServicesOf,
    served: Served,
    conditions: ConditionsOf,
    stage: LetterStage,
    partition: LetterPartition,
    offset: LetterOffset,
) -> Response:
    """The bytes are read from the dead letters topic. They may not be an image."""
    topic = dead_letters_topic(served, stage)
    with services.memory.share_of_response() as share:
        record = await read_dead_letter(services, served, topic, partition, offset, share)
        return content_response(record, f'"{stage}-{partition}-{offset}"', conditions, share)


@_redrives.post(
    "/v1/pipelines/{namespace}/{name}/dead-letters/redrive",
    summary="Redrive dead letters",
    response_class=Response,
    responses={**document(RedriveResult, "What was redriven."), **problems(400, 404, 408, 413, 422, 503)},
)
@_redrives.post(
    "/v1/pipelines/{namespace}/{name}/dead-letters/replay",
    summary="Redrive dead letters (former path)",
    deprecated=True,
    response_class=Response,
    responses={**document(RedriveResult, "What was redriven."), **problems(400, 404, 408, 413, 422, 503)},
)
async def post_redrive(request: Request, services: ServicesOf, served: Served, asked: RedriveRequest) -> Response:
    """Publishes each image again, with its key, for the stage that failed on it.

    A later result replaces the failure in the image's document.
    """
    dead_letters_topic(served, asked.stage)
    which = letters_selected(asked.stage, asked.selection())
    letters, more = await services.database.reading(
        lambda c: dead_letters_page(c, served.key, which, after=None, limit=asked.limit)
    )
    if asked.ids is not None:
        letters = list({letter.image_id: letter for letter in reversed(letters)}.values())
    done = await services.redrives.redrive(served, letters)
    images = [
        {
            "id": r.letter.image_id,
            "topic": r.outcome.topic,
            "partition": r.outcome.partition,
            "offset": r.outcome.offset,
        }
        for r in done
        if isinstance(r.outcome, Ack)
    ]
    tell_audit(request.scope, stage=asked.stage, count=len(images))
    not_done = [problem_of(r.outcome).document(r.letter.image_id) for r in done if not isinstance(r.outcome, Ack)]
    return json_answer(
        {
            "redriven": len(images),
            "replayed": len(images),
            "images": images,
            "problems": not_done,
            "remaining": more is not None or bool(not_done),
        }
    )


router.include_router(_redrives)


def _document(letter: DeadLetterRow, served: ServedPipeline) -> dict[str, Any]:
    source = letter.source
    redriven_at = None if letter.redriven_at_ms is None else rfc3339(letter.redriven_at_ms)
    return {
        "id": letter.image_id,
        "stage": letter.stage,
        "reason": letter.reason,
        "message": letter.message,
        "attempts": letter.attempts,
        "failedAt": letter.failed_at,
        "redrivenAt": redriven_at,
        "replayedAt": redriven_at,
        "generation": letter.generation,
        "partition": letter.partition,
        "offset": letter.offset,
        "contentType": letter.content_type,
        "bytes": letter.bytes,
        "source": source and {"topic": source[0], "partition": source[1], "offset": source[2]},
        "content": f"{served.path}/dead-letters/{letter.stage}/{letter.partition}/{letter.offset}/content",
    }


def _clean(text: str | None) -> str | None:
    return None if text is None else storable(text)
