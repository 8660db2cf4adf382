"""Dependencies and parameters that routes share, and their descriptions in the OpenAPI document."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, Path, Query, Request
from starlette.responses import Response

from darkroom_ingestion.access.caller import Caller, caller_of
from darkroom_ingestion.catalog.served import ServedPipeline
from darkroom_ingestion.http.context import Services
from darkroom_ingestion.http.problems import MEDIA_TYPE, Problem

MAX_KEY_LENGTH = 256
_JSON = json.JSONEncoder(ensure_ascii=False)
_ACCESS = (401, 403)
_RETRIED = (429, 503)
_DESCRIPTIONS = {
    400: "The body is not an image, or is malformed.",
    401: "The service checks its callers, and the request has no valid credential.",
    403: "The caller has not the right to this pipeline that the request needs.",
    404: "Not found.",
    408: "The body arrived too slowly.",
    409: "A request with this idempotency key, or a redrive of this stage, is still in progress.",
    410: "Retention has removed the image.",
    413: "Larger than the pipeline or the service accepts.",
    415: "A media type that is not accepted, with Accept-Post for those that are; or a file that can't be decoded.",
    416: "The image has no byte in the requested range.",
    422: "An invalid parameter, or an idempotency key that was used for another request.",
    429: "The caller has reached one of its limits. Retry after Retry-After seconds.",
    500: "An error of the service.",
    503: "Kafka or the store is unavailable, or the pipeline is not ready. Retry after Retry-After seconds.",
}


async def services_of(request: Request) -> Services:
    """The running service. A coroutine, because FastAPI runs plain functions in another thread."""
    services: Services = request.app.state.services
    return services


ServicesOf = Annotated[Services, Depends(services_of)]


async def _caller(request: Request) -> Caller:
    return caller_of(request.scope)


CallerOf = Annotated[Caller, Depends(_caller)]
"""Who sends the request."""


async def pipeline_of(
    services: ServicesOf,
    namespace: Annotated[str, Path(description="The pipeline's namespace.", examples=["demo"])],
    name: Annotated[str, Path(description="The pipeline's name.", examples=["digits"])],
) -> ServedPipeline:
    """The pipeline in the request's path."""
    return services.pipeline(namespace, name)


Served = Annotated[ServedPipeline, Depends(pipeline_of)]
StageFilter = Annotated[str | None, Query(max_length=40, description="Only this stage.", examples=["classify"])]
PageSize = Annotated[int, Query(ge=1, le=1_000, description="Maximum number of items.")]


def json_answer(document: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON response without validation: data from the log is returned even if it violates the schema."""
    return Response(json_text(document), status, headers, "application/json")


def json_text(document: Mapping[str, Any]) -> bytes:
    """`document` in JSON."""
    try:
        return _JSON.encode(document).encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON allows and UTF-8 does not
        return json.dumps(document).encode()


def document(model: Any, description: str) -> dict[int | str, dict[str, Any]]:
    """The description of a route's successful response."""
    return {200: {"model": model, "description": description}}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The descriptions of a route's problem documents. Routes of one pipeline, which have a 404, need a right to it.

    Every route has 429, for callers that send too many requests, and 500.
    """
    if 404 in statuses:  # noqa: PLR2004 - Not Found
        statuses = (*_ACCESS, *statuses)
    content = {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{Problem.__name__}"}}}
    described: dict[int | str, dict[str, Any]] = {}
    for status in (*statuses, 429, 500):
        described[status] = {"description": _DESCRIPTIONS[status], "content": content}
        if status in _RETRIED:
            described[status]["headers"] = {
                "Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}, "required": True}
            }
    return described
