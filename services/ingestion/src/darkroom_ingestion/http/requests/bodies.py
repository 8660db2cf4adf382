"""Reading request bodies with limits for size, time, and the total memory of all requests."""

import asyncio
from collections.abc import AsyncIterator

from starlette.types import Receive

from darkroom_ingestion.http.problems import HttpProblem
from darkroom_ingestion.http.requests.memory import MemoryShare
from darkroom_ingestion.limits.byte_budget import ByteBudget

MAX_JSON_BYTES = 2**20
"""The largest JSON body: a thousand ids of 1,000 bytes, the longest that the store keeps, fit in."""
_SLOWEST_BYTES_PER_S = 8 * 1024


def check_body(body: bytes, limit: int, share: MemoryShare, budget: ByteBudget | None) -> None:
    """Apply the limits for size and memory, and that of its caller, to a body that has arrived as a whole.

    Raises:
        HttpProblem: 413 if it is too large, 503 if there is no memory for it.
        LimitReached: the caller sends too many bytes.
    """
    if len(body) > limit:
        raise too_large(limit)
    if budget is not None:
        budget.begin(len(body))
    share.take(len(body))


async def read_body(
    receive: Receive,
    announced: str | None,
    *,
    limit: int,
    silence_s: float,
    share: MemoryShare,
    budget: ByteBudget | None,
) -> bytes:
    """Read a body of at most `limit` bytes, with pauses of at most `silence_s`.

    If the Content-Length, `announced`, is too large or beyond the caller's budget, the request is refused before the
    body is read.

    Raises:
        HttpProblem: 413 if it is larger, 408 if the client is too slow, 503 if there is no memory for it, 400 if the
            client disconnects before its end.
        LimitReached: the caller sends too many bytes.
    """
    arriving = body_chunks(receive, announced, limit=limit, silence_s=silence_s, share=share, budget=budget)
    chunks = [chunk async for chunk in arriving]
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def body_chunks(
    receive: Receive,
    announced: str | None,
    *,
    limit: int,
    silence_s: float,
    share: MemoryShare | None,
    budget: ByteBudget | None,
) -> AsyncIterator[bytes]:
    """The body in chunks as they arrive, with the same limits as `read_body`.

    Raises:
        HttpProblem, LimitReached: as for `read_body`.
    """
    announced_bytes = _bytes_announced(announced)
    if announced_bytes > limit:
        raise too_large(limit)
    if budget is not None:
        budget.begin(announced_bytes)
    size = 0
    clock = asyncio.get_running_loop().time
    # The total time is limited too: a client that sends a byte now and then would occupy the memory forever.
    deadline = clock() + 2 * silence_s + limit / _SLOWEST_BYTES_PER_S
    more = True
    while more:
        try:
            async with asyncio.timeout_at(min(deadline, clock() + silence_s)):
                message = await receive()
        except TimeoutError:
            raise too_slow(silence_s) from None
        if message["type"] == "http.disconnect":
            raise HttpProblem(
                400,
                "incomplete-body",
                "Incomplete body",
                "The client closed the connection before the end of the body.",
            )
        more = message.get("more_body", False)
        chunk: bytes = message.get("body", b"")
        if not chunk:
            continue
        size += len(chunk)
        if size > limit:
            raise too_large(limit)
        if share is not None:
            share.take(len(chunk))
        if budget is not None:
            budget.arrived(len(chunk))
        yield chunk


def too_large(limit: int) -> HttpProblem:
    """413: larger than the pipeline or the service accepts."""
    detail = (
        f"The body is larger than {limit} bytes. The pipeline limits an image (spec.images.maxBytes), the service a "
        f"multipart body (--batch-bytes) and JSON ({MAX_JSON_BYTES} bytes)."
    )
    return HttpProblem(413, "too-large", "Body too large", detail, unread_body=True, extra={"maxBytes": limit})


def too_slow(silence_s: float) -> HttpProblem:
    """408: the body arrived too slowly."""
    detail = (
        f"The body arrived too slowly: nothing for {silence_s:g} s, or less than {_SLOWEST_BYTES_PER_S} bytes/s on "
        "average."
    )
    return HttpProblem(408, "too-slow", "Request timed out", detail, unread_body=True)


def _bytes_announced(text: str | None) -> int:
    """The Content-Length; 0 if there is none, or an invalid one."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 20 else 0  # noqa: PLR2004 - 64 bits
