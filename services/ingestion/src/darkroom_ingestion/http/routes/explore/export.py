"""GET …/export: the images that a filter selects, with their results, as a file."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from sqlalchemy import Connection
from starlette.responses import Response

from darkroom_ingestion.catalog.served import ServedPipeline
from darkroom_ingestion.http.context import Services
from darkroom_ingestion.http.requests.callers import limited_as
from darkroom_ingestion.http.responses.streamed import Streamed
from darkroom_ingestion.http.routes.described import Served, ServicesOf, problems
from darkroom_ingestion.http.routes.explore.filters import ImagesFilter
from darkroom_ingestion.images.explore.coco_file import CocoFile
from darkroom_ingestion.images.explore.export import Exported, export_part
from darkroom_ingestion.limits.callers import CallerLimits
from darkroom_ingestion.store.explore.candidates import Cursor, ImageFilter

router = APIRouter(tags=["explore"])

_JSON_LINES, _JSON = "application/jsonl", "application/json"
_Chunks = AsyncGenerator[bytes, None]


@router.get(
    "/v1/pipelines/{namespace}/{name}/export",
    summary="Export images and their results",
    response_class=Response,
    responses={
        200: {
            "description": "A file: an image a line, or a COCO data set.",
            "content": {_JSON_LINES: {"schema": {"type": "string"}}, _JSON: {"schema": {"type": "object"}}},
        },
        **problems(404, 422, 503),
    },
)
async def get_export(
    request: Request,
    services: ServicesOf,
    served: Served,
    which: ImagesFilter,
    file_format: Annotated[
        Literal["jsonl", "coco"], Query(alias="format", description="JSON Lines, or the JSON of a COCO data set.")
    ] = "jsonl",
) -> Response:
    """The images that `GET …/images` lists for the same filter.

    With `jsonl`, a line has the document of an image with its newest results in full. With `coco`, boxes, masks (RLE),
    keypoints and labels of the results are annotations of a data set; the category of a label has its stage as
    `supercategory`. The connection is closed before the end of the body if the store fails meanwhile.
    """
    made = (_json_lines if file_format == "jsonl" else _coco)(services, served, which)
    chunks = _held(services.limits, limited_as(request.scope), made)
    first = await anext(chunks)
    extension = "jsonl" if file_format == "jsonl" else "coco.json"
    name = f"{served.pipeline.namespace}-{served.pipeline.name}.{extension}"
    return Streamed(
        _after(first, chunks),
        {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
        _JSON_LINES if file_format == "jsonl" else _JSON,
    )


async def _after(first: bytes, rest: _Chunks) -> _Chunks:
    """The chunks, of which the first is made before the response starts: if the store can't be read, it is a 503."""
    async with aclosing(rest):
        yield first
        async for chunk in rest:
            yield chunk


async def _held(limits: CallerLimits, caller: str, chunks: _Chunks) -> _Chunks:
    """The chunks. Until their end they count as an export of the caller."""
    async with aclosing(chunks):
        with limits.holding("exports", caller):
            async for chunk in chunks:
                yield chunk


async def _json_lines(services: Services, served: ServedPipeline, which: ImageFilter) -> _Chunks:
    async for chunk in _texts(
        services, served, which, lambda part: "".join(f"{exported.json_line()}\n" for exported in part)
    ):
        yield chunk


async def _coco(services: Services, served: ServedPipeline, which: ImageFilter) -> _Chunks:
    """Reads the store twice, because annotations come after all images."""
    file = CocoFile(served.key)
    start = file.start().encode()
    async for chunk in _texts(services, served, which, file.images):
        yield start + chunk
        start = b""
    yield file.end_of_images().encode()
    async for chunk in _texts(services, served, which, file.annotations):
        yield chunk
    yield file.end().encode()


async def _texts(
    services: Services, served: ServedPipeline, which: ImageFilter, made_of: Callable[[Sequence[Exported]], str]
) -> _Chunks:
    """What is made of all images, part by part. It is made in a thread of the store."""
    after: Cursor | None = None
    while True:

        def work(connection: Connection, after: Cursor | None = after) -> tuple[bytes, Cursor | None]:
            part, following = export_part(connection, served.key, which, served.stages, after)
            return made_of(part).encode(), following

        chunk, after = await services.database.reading(work)
        yield chunk
        if after is None:
            return
