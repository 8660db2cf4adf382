"""Downloads of images and dead letters: conditional requests, ranges, and security headers."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Header
from starlette.responses import Response

from darkroom_ingestion.http.problems import HttpProblem
from darkroom_ingestion.http.requests.admission import IMAGE_TYPES
from darkroom_ingestion.http.requests.memory import MemoryShare
from darkroom_ingestion.http.requests.ranges import Unsatisfiable, byte_range
from darkroom_ingestion.http.responses.download import Download
from darkroom_ingestion.kafka.log_record import LogRecord
from darkroom_ingestion.store.rows import DEFAULT_CONTENT_TYPE

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_CONTENT = dict.fromkeys((*IMAGE_TYPES, DEFAULT_CONTENT_TYPE), _BINARY)
CONTENT_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The image, as it was sent.", "content": _CONTENT},
    206: {"description": "The requested range of bytes.", "content": _CONTENT},
    304: {"description": "The client's copy is current."},
}


@dataclass(frozen=True)
class Conditions:
    """The conditional headers of a download request."""

    if_none_match: str | None
    if_range: str | None
    range: str | None


async def _conditions(
    if_none_match: Annotated[
        str | None, Header(max_length=2_000, description="An ETag: the response is 304 if the image has it.")
    ] = None,
    if_range: Annotated[
        str | None, Header(max_length=2_000, description="An ETag: `Range` is used only if the image has it.")
    ] = None,
    range: Annotated[  # noqa: A002 - the header's name
        str | None, Header(max_length=200, description="One range of bytes.", examples=["bytes=0-1023"])
    ] = None,
) -> Conditions:
    return Conditions(if_none_match, if_range, range)


ConditionsOf = Annotated[Conditions, Depends(_conditions)]


def content_response(record: LogRecord, etag: str, conditions: Conditions, share: MemoryShare) -> Response:
    """The response with a record's value. It never changes. It comes from clients, so browsers must not execute it.

    Raises:
        HttpProblem: 416: the range is beyond the end of the image.
    """
    content_type = record.headers.get("content-type", DEFAULT_CONTENT_TYPE)
    safe = content_type if content_type in IMAGE_TYPES else DEFAULT_CONTENT_TYPE
    headers = {
        "ETag": etag if etag.isascii() and etag.isprintable() else '"image"',
        "Cache-Control": "private, max-age=31536000, immutable",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Content-Disposition": "inline" if content_type in IMAGE_TYPES else "attachment",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Accept-Ranges": "bytes",
    }
    tags = [tag.strip().removeprefix("W/") for tag in (conditions.if_none_match or "").split(",")]
    if headers["ETag"] in tags or "*" in tags:
        share.release()
        return Response(status_code=304, headers=headers)
    size = len(record.value)
    part = _part(conditions, headers["ETag"], size)
    if part is None:
        share.hold(size)
        return Download(record.value, share, 200, headers, safe)
    first, end = part
    share.hold(end - first)
    headers["Content-Range"] = f"bytes {first}-{end - 1}/{size}"
    return Download(record.value[first:end], share, 206, headers, safe)


def _part(conditions: Conditions, etag: str, size: int) -> tuple[int, int] | None:
    if conditions.if_range is not None and conditions.if_range.strip() != etag:
        return None
    try:
        return byte_range(conditions.range, size)
    except Unsatisfiable:
        raise HttpProblem(
            416,
            "range-not-satisfiable",
            "Range not satisfiable",
            f"The image has {size} bytes, none of them in the range {conditions.range!r:.100}.",
            headers={"Content-Range": f"bytes */{size}"},
        ) from None
