"""…/images/{id}: an image's document, its trace, its bytes, and its analysis again."""

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from darkroom_ingestion.http.documents.images import AnalyzeRequest, Image, Republished
from darkroom_ingestion.http.documents.trace import Trace
from darkroom_ingestion.http.problems import invalid
from darkroom_ingestion.http.requests.json_bodies import JsonRoute
from darkroom_ingestion.http.routes.content import CONTENT_RESPONSES, ConditionsOf, content_response
from darkroom_ingestion.http.routes.described import Served, ServicesOf, document, json_answer, problems
from darkroom_ingestion.http.routes.stored_files import find_image, read_image, well_formed
from darkroom_ingestion.images.document import image_document
from darkroom_ingestion.images.republishing import publish_again
from darkroom_ingestion.images.trace import image_trace

router = APIRouter(tags=["images"])
_posts = APIRouter(route_class=JsonRoute)

ImageId = Annotated[
    str, Path(max_length=400, description="The image's id.", examples=["019a3c5e-7b1d-7c42-9d0e-5a8f3b2c1d4e"])
]


@router.get(
    "/v1/pipelines/{namespace}/{name}/images/{image_id}",
    summary="Get an image's state and results",
    response_class=Response,
    responses={**document(Image, "The image's document."), **problems(404, 422, 503)},
)
async def get_image(services: ServicesOf, served: Served, image_id: ImageId) -> Response:
    """The state of the image, the newest result of every stage, and the failures."""
    rows = await services.lookup.find(served, well_formed(image_id))
    return json_answer(image_document(image_id, rows.image, rows.results, rows.failures, served.stages))


@router.get(
    "/v1/pipelines/{namespace}/{name}/images/{image_id}/trace",
    summary="Get what happened to an image",
    response_class=Response,
    responses={**document(Trace, "The image's records in the log, in order of time."), **problems(404, 422, 503)},
)
async def get_trace(services: ServicesOf, served: Served, image_id: ImageId) -> Response:
    """Every result and failure of the image, also those that later ones have replaced, and where each is in the log."""
    rows = await services.lookup.find(served, well_formed(image_id))
    pipeline = (served.pipeline.namespace, served.pipeline.name)
    return json_answer(image_trace(pipeline, image_id, rows.image, rows.results, rows.failures, served.stages))


@router.get(
    "/v1/pipelines/{namespace}/{name}/images/{image_id}/content",
    summary="Download an image",
    response_class=Response,
    responses={**CONTENT_RESPONSES, **problems(404, 410, 416, 422, 503)},
)
async def get_content(services: ServicesOf, served: Served, image_id: ImageId, conditions: ConditionsOf) -> Response:
    """The image is read from its topic; the service keeps no copy."""
    image = await find_image(services, served, image_id)
    with services.memory.share_of_response() as share:
        record = await read_image(services, served, image, share)
        return content_response(record, f'"{image_id}"', conditions, share)


@_posts.post(
    "/v1/pipelines/{namespace}/{name}/images/{image_id}/analyze",
    summary="Analyse an image again",
    status_code=202,
    response_class=Response,
    responses={
        202: {"model": Republished, "description": "Kafka has acknowledged the image for every stage."},
        **problems(400, 404, 408, 410, 413, 422, 503),
    },
)
async def post_analyze(
    services: ServicesOf, served: Served, image_id: ImageId, asked: AnalyzeRequest | None = None
) -> Response:
    """Publishes the image again. New results replace those of the same stages; if a stage fails, they stay."""
    stages = served.stages if asked is None or asked.stages is None else asked.stages
    if unknown := [stage for stage in stages if stage not in served.stages]:
        raise invalid(f"stages: there is no {unknown[0]!r:.60}; {served.key} has {', '.join(served.stages)}")
    image = await find_image(services, served, image_id)
    with services.memory.share() as share:
        record = await read_image(services, served, image, share)
        generation, done = await publish_again(services.redrives.topics, served, image_id, record, stages)
    first = done[0].ack
    records = [{"stage": one.stage, "partition": one.ack.partition, "offset": one.ack.offset} for one in done]
    return json_answer(
        {
            "id": image_id,
            "topic": first.topic,
            "partition": first.partition,
            "offset": first.offset,
            "generation": generation,
            "records": records,
        },
        202,
    )


router.include_router(_posts)
