"""GET …/thumbnail: small pictures of images and dead letters."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from darkroom_ingestion.catalog.served import ServedPipeline
from darkroom_ingestion.http.context import Services
from darkroom_ingestion.http.problems import HttpProblem
from darkroom_ingestion.http.requests.disconnection import until_disconnected
from darkroom_ingestion.http.requests.memory import MemoryShare
from darkroom_ingestion.http.routes.dead_letters import LetterOffset, LetterPartition, LetterStage
from darkroom_ingestion.http.routes.described import Served, ServicesOf, problems
from darkroom_ingestion.http.routes.images import ImageId
from darkroom_ingestion.http.routes.stored_files import dead_letters_topic, find_image, read_dead_letter, read_image
from darkroom_ingestion.kafka.log_record import LogRecord
from darkroom_ingestion.records.answers import ReceivedImage
from darkroom_ingestion.thumbnails.thumbnails import Key, Size

router = APIRouter(tags=["images"])

SizeOf = Annotated[Size, Query(description="The longer side in pixels. Smaller images are not enlarged.")]
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The picture, upright.",
        "content": {"image/webp": {"schema": {"type": "string", "format": "binary"}}},
    },
    304: {"description": "The client's copy is current."},
    **problems(404, 410, 415, 422, 503),
}
HEADERS = {
    "Cache-Control": "private, max-age=31536000, immutable",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@router.get(
    "/v1/pipelines/{namespace}/{name}/images/{image_id}/thumbnail",
    summary="Get a small picture of an image",
    response_class=Response,
    responses=_RESPONSES,
)
async def get_thumbnail(
    request: Request, services: ServicesOf, served: Served, image_id: ImageId, size: SizeOf = Size.MEDIUM
) -> Response:
    """The picture is made from the file in the log when it is first requested, and cached in memory."""
    image = await find_image(services, served, image_id)
    key = key_of(image, size)
    return await _response(request, services, key, lambda: make_thumbnail(services, served, image, key))


@router.get(
    "/v1/pipelines/{namespace}/{name}/dead-letters/{stage}/{partition}/{offset}/thumbnail",
    summary="Get a small picture of a dead letter",
    response_class=Response,
    responses=_RESPONSES,
    tags=["dead letters"],
)
async def get_dead_letter_thumbnail(
    request: Request,
    services: ServicesOf,
    served: Served,
    stage: LetterStage,
    partition: LetterPartition,
    offset: LetterOffset,
    size: SizeOf = Size.MEDIUM,
) -> Response:
    """Like the picture of an image. Many dead letters have none, because their files can't be decoded: 415."""
    topic = dead_letters_topic(served, stage)
    key = (topic, partition, offset, "", int(size))

    def make() -> Coroutine[Any, Any, bytes]:
        return _make(services, key, lambda share: read_dead_letter(services, served, topic, partition, offset, share))

    return await _response(request, services, key, make)


def key_of(image: ReceivedImage, size: Size) -> Key:
    """The key of the thumbnail of an image."""
    return (image.topic, image.partition, image.offset, image.id, int(size))


def etag_of(key: Key) -> str:
    """The ETag of a thumbnail, among those of its address, which has the image's id."""
    _, partition, offset, _, size = key
    return f'"{partition}-{offset}-{size}"'


async def make_thumbnail(services: Services, served: ServedPipeline, image: ReceivedImage, key: Key) -> bytes:
    """Read the file of an image, and make its thumbnail.

    Raises:
        HttpProblem: as `read_image` does.
        NoThumbnail, TooManyThumbnails: as `Thumbnails` does.
    """
    return await _make(services, key, lambda share: read_image(services, served, image, share))


async def _response(
    request: Request, services: Services, key: Key, make: Callable[[], Coroutine[Any, Any, bytes]]
) -> Response:
    headers = HEADERS | {"ETag": etag_of(key)}
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    thumbnails = services.thumbnails
    picture = thumbnails.cached(key)
    if picture is None:
        # A page that is scrolled drops most of its requests: they must not take the places of those in view.
        picture = await until_disconnected(request.receive, thumbnails.in_progress.result(key, make))
        if picture is None:
            raise HttpProblem(
                400, "disconnected", "Disconnected", "The client closed the connection before the response."
            )
    return Response(picture, headers=headers, media_type="image/webp")


async def _make(services: Services, key: Key, read: Callable[[MemoryShare], Awaitable[LogRecord]]) -> bytes:
    async with services.thumbnails.waiting():
        with services.memory.share() as share:
            return await services.thumbnails.make(key, (await read(share)).value)
