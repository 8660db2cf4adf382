"""GET /v1/live: the events of several pipelines in batches."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response

from darkroom.access.right import Right
from darkroom_ingestion.access.caller import Caller
from darkroom_ingestion.access.streams import reads
from darkroom_ingestion.catalog.served import ServedPipeline
from darkroom_ingestion.feed.batches import batches
from darkroom_ingestion.feed.live_ids import MAX_LENGTH
from darkroom_ingestion.http.context import Services
from darkroom_ingestion.http.problems import HttpProblem, invalid
from darkroom_ingestion.http.requests.callers import limited_as
from darkroom_ingestion.http.responses.event_stream import EventStream
from darkroom_ingestion.http.routes.described import CallerOf, ServicesOf, StageFilter, problems

router = APIRouter(tags=["results"])

_MOST_PIPELINES = 100
_EXAMPLE = (
    'id: demo/digits=5d1e9c02.12\nevent: start\ndata: {"pipelines": ["demo/digits"], "resumed": []}\n\n'
    "id: demo/digits=5d1e9c02.24\nevent: batch\n"
    'data: {"results": [{"pipeline": "demo/digits", "id": "019a…", "stage": "classify", …}], "failures": [], '
    '"seen": 12, "dropped": 0, "pipelines": {"demo/digits": {"seen": 12, "dropped": 0}}}\n\n'
)


@router.get(
    "/v1/live",
    summary="Follow several pipelines as batches of server-sent events",
    response_class=Response,
    responses={
        200: {
            "description": "An event `start`, whose data is a Start, and events `batch`, whose data is a Batch. An "
            "event `end` says why the stream ends.",
            "content": {
                "text/event-stream": {
                    "schema": {"type": "string", "contentMediaType": "application/json"},
                    "example": _EXAMPLE,
                }
            },
        },
        **problems(404, 422, 503),
    },
)
async def get_live(
    request: Request,
    services: ServicesOf,
    caller: CallerOf,
    pipeline: Annotated[
        list[str] | None,
        Query(
            max_length=_MOST_PIPELINES,
            description="A pipeline as `namespace/name`; may be repeated. Without it, all that are served now "
            "and that the caller may read.",
            examples=[["demo/digits"]],
        ),
    ] = None,
    stage: StageFilter = None,
    last_event_id: Annotated[
        str | None,
        Header(max_length=MAX_LENGTH, description="The last id received, of a stream of these or other pipelines."),
    ] = None,
) -> Response:
    """For pages that show what they can. A batch that would be too large has the newest events, and counts the others.

    A stream of several pipelines has those of them that are served, which its first event names. With `Last-Event-ID`,
    those pipelines continue of which this process of the service still has all events since then: it keeps them for
    some seconds after a client has left. The others start now, and the first event tells which.
    """
    keys = await _keys(services, caller, pipeline or [])
    served = _served(services, keys)
    reads(request.scope, (one.key for one in served))
    if stage is not None and served and not any(stage in one.stages for one in served):
        raise invalid(f"stage: none of the pipelines has a stage {stage!r:.60}")
    chunks = batches(
        {one.key: services.links.hub(one) for one in served}, stage, services.stopping, last_event_id or ""
    )
    return EventStream(chunks, services.metrics, services.limits, limited_as(request.scope))


def _served(services: Services, keys: list[str]) -> list[ServedPipeline]:
    """Those that are served.

    Raises:
        HttpProblem: 404: there are keys, but none is of a pipeline that is served.
    """
    served = []
    for key in keys:
        try:
            served.append(services.pipeline(*_names(key)))
        except HttpProblem:
            if key == keys[-1] and not served:
                raise
    return served


async def _keys(services: Services, caller: Caller, asked: Sequence[str]) -> list[str]:
    """The pipelines of the stream: those that were asked for, or all.

    Raises:
        Forbidden: the caller may not read one that was asked for.
    """
    if asked:
        for key in asked:
            await services.access.require(caller, [Right.READ], *_names(key))
        return list(dict.fromkeys(asked))
    served = services.links.pipelines
    readable = await services.access.readable(caller, served)
    return [key for key in served if key in readable][:_MOST_PIPELINES]


def _names(key: str) -> tuple[str, str]:
    namespace, _, name = key.partition("/")
    return namespace, name
