"""GET …/events: the live feed."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Header, Request
from starlette.responses import Response

from darkroom_ingestion.catalog.served import ServedPipeline
from darkroom_ingestion.feed.hub import Hub
from darkroom_ingestion.feed.positions import MAX_LENGTH, Positions, decode
from darkroom_ingestion.feed.stream import stream
from darkroom_ingestion.http.problems import invalid, unavailable
from darkroom_ingestion.http.requests.callers import limited_as
from darkroom_ingestion.http.responses.event_stream import EventStream
from darkroom_ingestion.http.routes.described import Served, ServicesOf, StageFilter, problems
from darkroom_ingestion.links.link import Link

router = APIRouter(tags=["results"])

_PATIENCE_S = 5.0
_LOOK_AGAIN_S = 0.05
_EXAMPLE = 'id: classify.d=0.0~classify.r=1a.2\nevent: analyzed\ndata: {"imageId": "019a…", "stage": "classify", …}\n\n'


@router.get(
    "/v1/pipelines/{namespace}/{name}/events",
    summary="Follow results as server-sent events",
    response_class=Response,
    responses={
        200: {
            "description": "Events `analyzed` (data as in the topic) and `failed` (why a stage could not analyse an "
            "image), from now on or after `Last-Event-ID`. An event `end` says why the stream ends.",
            "content": {"text/event-stream": {"schema": {"type": "string"}, "example": _EXAMPLE}},
        },
        **problems(404, 422, 503),
    },
)
async def get_events(
    request: Request,
    services: ServicesOf,
    served: Served,
    stage: StageFilter = None,
    last_event_id: Annotated[
        str | None,
        Header(max_length=MAX_LENGTH, description="The id of the last event received; the stream resumes after it."),
    ] = None,
) -> Response:
    """The id of an event is a position in the log. It is valid after a restart and on other replicas."""
    start = None
    if last_event_id:
        start = decode(last_event_id)
        if start is None:
            raise invalid("Last-Event-ID: not an id of this feed; pass the id of the last event unchanged")
    if stage is not None and stage not in served.stages:
        raise invalid(f"stage: {served.key} has the stages {', '.join(served.stages)}")
    hub = services.links.hub(served)
    await _wait_until_at(services.links.of(served), served, hub, start)
    chunks = stream(hub, served, start, stage, services.stopping, services.reading)
    return EventStream(chunks, services.metrics, services.limits, limited_as(request.scope))


async def _wait_until_at(link: Link, served: ServedPipeline, hub: Hub, start: Positions | None) -> None:
    """Wait until the tail has found the end of the log and passed `start`, which may come from another replica."""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            while not link.tail.is_ready(served.key) or hub.positions is None:  # noqa: ASYNC110 - a thread's state
                await asyncio.sleep(_LOOK_AGAIN_S)
            while start is not None and hub.positions.is_behind(start):  # noqa: ASYNC110 - likewise
                await asyncio.sleep(_LOOK_AGAIN_S)
    except TimeoutError:
        if link.tail.is_ready(served.key) and hub.positions is not None:
            return  # `start` is beyond the end of the log: the topics were recreated
        raise unavailable(
            "kafka-unavailable",
            "Kafka is not available",
            "The live feed can't read the log yet: try again in a moment.",
        ) from None
