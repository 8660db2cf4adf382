"""GET an image: what became of it, and the image itself."""

from typing import Annotated

from fastapi import APIRouter, Header, Path
from starlette.responses import Response

from darkroom_ingestion.http.admission import IMAGE_TYPES
from darkroom_ingestion.http.documents import Image
from darkroom_ingestion.http.problems import gone, not_found
from darkroom_ingestion.http.routes.described import Served, ServicesOf, document, json_answer, problems
from darkroom_ingestion.images.lookup import find_image
from darkroom_ingestion.images.state import image_document
from darkroom_ingestion.store.rows import DEFAULT_CONTENT_TYPE, LogRecord, storable
from darkroom_ingestion.store.rows import image_id as id_in

router = APIRouter(tags=["images"])

ImageId = Annotated[
    str, Path(max_length=400, description="The image's id.", examples=["019a3c5e-7b1d-7c42-9d0e-5a8f3b2c1d4e"])
]
IfNoneMatch = Annotated[str | None, Header(max_length=2_000, description="An ETag: 304 if the image is that one.")]
CONTENT = {media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in IMAGE_TYPES}


@router.get(
    "/v1/pipelines/{namespace}/{name}/images/{image_id}",
    summary="What became of an image",
    response_class=Response,
    responses={**document(Image, "The image's document."), **problems(404, 422, 503)},
)
async def get_image(services: ServicesOf, served: Served, image_id: ImageId) -> Response:
    """Its state, and the results of every stage."""
    rows = await find_image(services, served, _known_form(image_id))
    return json_answer(image_document(image_id, rows.image, rows.results, rows.failures, served.stages))


@router.get(
    "/v1/pipelines/{namespace}/{name}/images/{image_id}/content",
    summary="The image itself",
    response_class=Response,
    responses={
        200: {"description": "The image's bytes, as they were sent.", "content": CONTENT},
        304: {"description": "The image that the client has."},
        **problems(404, 410, 422, 503),
    },
)
async def get_content(
    services: ServicesOf, served: Served, image_id: ImageId, if_none_match: IfNoneMatch = None
) -> Response:
    """Read again from its topic at its offset: no second copy is kept."""
    rows = await find_image(services, served, _known_form(image_id))
    if rows.image is None:
        raise gone(f"Only results of image {image_id!r:.120} are left: retention has removed the image itself.")
    record = await services.link(served).reader.read(rows.image.topic, rows.image.partition, rows.image.offset)
    if record is None or id_in(record) != image_id:
        raise gone(
            f"Image {image_id!r:.120} is no longer in {rows.image.topic}, partition {rows.image.partition}, "
            f"offset {rows.image.offset}: images are kept for {served.pipeline.spec.images.retention}."
        )
    return content_response(record, f'"{image_id}"', if_none_match)


def content_response(record: LogRecord, etag: str, if_none_match: str | None) -> Response:
    """The bytes of a record, which never change. What is shown came from a stranger, so nothing in it may run."""
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


def _known_form(image_id: str) -> str:
    if storable(image_id) != image_id:
        raise not_found("No image has such an id.")
    return image_id
