"""GET …/status: the state of a pipeline, and what to do."""

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from darkroom_ingestion.http.documents.status import PipelineStatus
from darkroom_ingestion.http.routes.described import ServicesOf, document, json_answer, problems

router = APIRouter(tags=["pipelines"])


@router.get(
    "/v1/pipelines/{namespace}/{name}/status",
    summary="Get the state of a pipeline",
    response_class=Response,
    responses={**document(PipelineStatus, "The state, at most two seconds old."), **problems(404, 422, 503)},
)
async def get_status(
    services: ServicesOf,
    namespace: Annotated[str, Path(description="The pipeline's namespace.", examples=["demo"])],
    name: Annotated[str, Path(description="The pipeline's name.", examples=["digits"])],
) -> Response:
    """Its conditions, topics, consumer groups, workers, lag, rates and dead letters, and advice.

    Answered also while Kafka or the store can't be reached, and for a pipeline that is not served: what is unknown is
    null, and `advice` says why.
    """
    unserved = services.links.pipelines.unserved.get(f"{namespace}/{name}")
    if unserved is not None:
        return json_answer(await services.statuses.of_unserved(namespace, name, unserved.reason))
    return json_answer(await services.statuses.of(services.pipeline(namespace, name)))
