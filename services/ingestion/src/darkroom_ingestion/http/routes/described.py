"""What routes say of themselves in the OpenAPI document, and what their parameters may be."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, Path, Query, Request
from starlette.responses import Response

from darkroom_ingestion.catalog.served import ServedPipeline
from darkroom_ingestion.http.problems import MEDIA_TYPE, Problem
from darkroom_ingestion.services import Services

MAX_KEY_LENGTH = 256
_WHAT = {
    400: "Not an image, or a body that can't be read.",
    404: "There is no such thing.",
    408: "The body came too slowly.",
    409: "A request with this idempotency key is still under way.",
    410: "Retention has removed it.",
    413: "Larger than the pipeline takes.",
    415: "A media type that no worker reads.",
    422: "A parameter that can't be understood, or an idempotency key that was used for another body.",
    500: "An error on our side.",
    503: "Kafka or the store is slow or away, or the pipeline is not ready: try again after Retry-After seconds.",
}


async def services_of(request: Request) -> Services:
    """The services of the running application. A plain `def` would be run in another thread."""
    services: Services = request.app.state.services
    return services


ServicesOf = Annotated[Services, Depends(services_of)]


async def pipeline_of(
    services: ServicesOf,
    namespace: Annotated[str, Path(description="The pipeline's namespace.", examples=["demo"])],
    name: Annotated[str, Path(description="The pipeline's name.", examples=["digits"])],
) -> ServedPipeline:
    """The pipeline that the path names."""
    return services.pipeline(namespace, name)


Served = Annotated[ServedPipeline, Depends(pipeline_of)]
StageFilter = Annotated[str | None, Query(max_length=40, description="Only of this stage.", examples=["classify"])]
PageSize = Annotated[int, Query(ge=1, le=1_000, description="At most so many.")]


def json_answer(document: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A document as it is: what stands in the log is passed on even where it breaks our schema."""
    return Response(json.dumps(document, ensure_ascii=False).encode(), status, headers, "application/json")


def document(model: Any, description: str) -> dict[int | str, dict[str, Any]]:
    """The document that a route answers with when all is well."""
    return {200: {"model": model, "description": description}}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problem documents that a route answers with."""
    content = {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{Problem.__name__}"}}}
    described: dict[int | str, dict[str, Any]] = {}
    for status in (*statuses, 500):
        described[status] = {"description": _WHAT[status], "content": content}
        if status == 503:  # noqa: PLR2004 - Service Unavailable
            described[status]["headers"] = {
                "Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}, "required": True}
            }
    return described
