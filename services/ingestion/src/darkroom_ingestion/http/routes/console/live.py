"""GET /v1/live: the events of several pipelines in batches."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from darkroom_ingestion.feed.batches import batches
from darkroom_ingestion.http.problems import invalid
from darkroom_ingestion.http.responses.event_stream import EventStream
from darkroom_ingestion.http.routes.described import ServicesOf, StageFilter, problems

router = APIRouter(tags=["results"])

_MOST_PIPELINES = 100
_EXAMPLE = (
    "id: 2026-11-23T12:00:00.120Z\nevent: batch\n"
    'data: {"results": [{"pipeline": "demo/digits", "id": "019a…", "stage": "classify", …}], "failures": [], '
    '"seen": 12, "dropped": 0}\n\n'
)


@router.get(
    "/v1/live",
    summary="Follow several pipelines as batches of server-sent events",
    response_class=Response,
    responses={
        200: {
            "description": "Events `batch`, whose data is a Batch. An event `end` says why the stream ends.",
            "content": {
                "text/event-stream": {
                    "schema": {"type": "string", "contentMediaType": "application/json"},
                    "example": _EXAMPLE,
                }
            },
        },
        **problems(404, 422, 429, 503),
    },
)
async def get_live(
    request: Request,
    services: ServicesOf,
    pipeline: Annotated[
        list[str] | None,
        Query(
            max_length=_MOST_PIPELINES,
            description="A pipeline as `namespace/name`; may be repeated. Without it, all that are served now.",
            examples=[["demo/digits"]],
        ),
    ] = None,
    stage: StageFilter = None,
) -> Response:
    """For pages that show what they can. A batch that would be too large has the newest events, and counts the others.

    The id of a batch is the time of its newest event. The stream always starts now: after an interruption, ask for
    images since that time.
    """
    keys = list(dict.fromkeys(pipeline)) if pipeline else list(services.links.pipelines)[:_MOST_PIPELINES]
    served = [services.pipeline(*_names(key)) for key in keys]
    if stage is not None and served and not any(stage in one.stages for one in served):
        raise invalid(f"stage: none of the pipelines has a stage {stage!r:.60}")
    chunks = batches({one.key: services.links.hub(one) for one in served}, stage, services.stopping)
    address = request.client.host if request.client else ""
    return EventStream(chunks, services.metrics, services.live_clients, address)


def _names(key: str) -> tuple[str, str]:
    namespace, _, name = key.partition("/")
    return namespace, name
