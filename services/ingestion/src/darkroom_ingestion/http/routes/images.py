"""GET an image: its document, and its bytes."""

from typing import Annotated

from fastapi import APIRouter, Header, Path
from starlette.responses import Response

from darkroom_ingestion.http.documents import Image
from darkroom_ingestion.http.problems import gone, not_found
from darkroom_ingestion.http.requests.admission import IMAGE_TYPES
from darkroom_ingestion.http.routes.described import Served, ServicesOf, document, json_answer, problems
from darkroom_ingestion.images.document import image_document
from darkroom_ingestion.kafka.log_record import LogRecord
from darkroom_ingestion.records.text import storable
from darkroom_ingestion.store.rows import DEFAULT_CONTENT_TYPE
from darkroom_ingestion.store.rows import image_id as id_in

router = APIRouter(tags=["images"])

ImageId = Annotated[
    str, Path(max_length=400, description="The image's id.", examples=["019a3c5e-7b1d-7c42-9d0e-5a8f3b2c1d4e"])
]
IfNoneMatch = Annotated[
    str | None, Header(max_length=2_000, description="An ETag: the answer is 304 if it is the image's.")
]
CONTENT = {media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in IMAGE_TYPES}


@router.get(
    "/v1/pipelines/{namespace}/{name}/images/{image_id}",
    summary="Get an image's state and results",
    response_class=Response,
    responses={**document(Image, "The image's document."), **problems(404, 422, 503)},
)
async def get_image(services: ServicesOf, served: Served, image_id: ImageId) -> Response:
    """The state of the image, the newest result of every stage, and the failures."""
    rows = await services.lookup.find(served, _well_formed(image_id))
    return json_answer(image_document(image_id, rows.image, rows.results, rows.failures, served.stages))


@router.get(
    "/v1/pipelines/{namespace}/{name}/images/{image_id}/content",
    summary="Download an image",
    response_class=Response,
    responses={
        200: {"description": "The image, as it was sent.", "content": CONTENT},
        304: {"description": "The client's copy is current."},
        **problems(404, 410, 422, 503),
    },
)
async def get_content(
    services: ServicesOf, served: Served, image_id: ImageId, if_none_match: IfNoneMatch = None
) -> Response:
    """The image is read from its topic; the service keeps no copy."""
    rows = await services.lookup.find(served, _well_formed(image_id))
    if rows.image is None:
        raise gone(f"Retention has removed image {image_id!r:.120}; only its results are left.")
    record = await services.links.of(served).reader.read(rows.image.topic, rows.image.partition, rows.image.offset)
    if record is None or id_in(record) != image_id:
        raise gone(
            f"Image {image_id!r:.120} is no longer in {rows.image.topic}, partition {rows.image.partition}, "
            f"offset {rows.image.offset}: images are kept for {served.pipeline.spec.images.retention}."
        )
    return content_response(record, f'"{image_id}"', if_none_match)


def content_response(record: LogRecord, etag: str, if_none_match: str | None) -> Response:
    """The value of a record, which never changes. Clients sent it, so browsers must not execute anything in it."""
    content_type = record.headers.get("content-type", DEFAULT_CONTENT_TYPE)
    safe = content_type if content_type in IMAGE_TYPES else DEFAULT_CONTENT_TYPE
    headers = {
        "ETag": etag if etag.isascii() and etag.isprintable() else '"image"',
        "Cache-Control": "private, max-age=31536000, immutable",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Content-Disposition": "inline",
    }
    tags = [tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")]
    if headers["ETag"] in tags or "*" in tags:
        return Response(status_code=304, headers=headers)
    return Response(record.value, 200, headers, safe)


def _well_formed(image_id: str) -> str:
    if storable(image_id) != image_id:
        raise not_found("No image has an id with such characters.")
    return image_id
