"""Downloading a file over HTTP, from where an earlier attempt ended."""

import os
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
from typing import Final

from aiohttp import ClientResponse
from yarl import URL

from darkroom_vision.sources.addresses import address_policy
from darkroom_vision.sources.failures import Busy, NotFound, Refused, Unauthorized
from darkroom_vision.sources.http_client import HttpClient
from darkroom_vision.sources.remote_file import MAX_BYTES, RemoteFile

_BLOCK_BYTES: Final = 1 << 20
_LONGEST_WAIT_S: Final = 30.0
_PASSING: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})


async def download_once(file: RemoteFile, part: Path) -> None:
    """`download`, with a client of its own and the policy of the environment."""
    async with HttpClient(URL(file.url), address_policy(os.environ)) as client:
        await download(client, file, part)


async def download(client: HttpClient, file: RemoteFile, part: Path, *, max_bytes: int = MAX_BYTES) -> None:
    """Append to `part` the bytes of `file` that it does not have yet.

    Raises:
        Refused: the file does not exist, is larger than `max_bytes`, or the server refuses access.
        Busy: the server can't answer now.
        aiohttp.ClientError, OSError: the connection failed. `part` has what came before.
    """
    start = size_of(part)
    headers = {**file.headers, **({"Range": f"bytes={start}-"} if start else {})}
    async with client.open(URL(file.url), headers) as response:
        if response.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and start:
            if response.headers.get("Content-Range") != f"bytes */{start}":
                part.unlink()  # noqa: ASYNC240 - a file on this machine
                raise Busy("the file has changed")
            return
        check_status(response, file.advice)
        is_rest = response.status == HTTPStatus.PARTIAL_CONTENT
        if is_rest and not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            raise Busy("the server sent other bytes than were requested")
        size = start if is_rest else 0
        _check_size(size + (response.content_length or 0), max_bytes)
        with part.open("ab" if is_rest else "wb") as local:
            async for block in response.content.iter_chunked(_BLOCK_BYTES):
                size += len(block)
                _check_size(size, max_bytes)
                local.write(block)


def size_of(part: Path) -> int:
    """Bytes of a file that may not exist."""
    return part.stat().st_size if part.exists() else 0


def check_status(response: ClientResponse, advice: str) -> None:
    """Check that the response is a success.

    Raises:
        Unauthorized: the server asks for credentials.
        Refused: another attempt would not help.
        Busy: the server can't answer now.
    """
    status = response.status
    if status in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
        return
    if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        raise NotFound
    says = f"{response.url.host} answers {status} {response.reason or ''}".rstrip()
    if status in _PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise Busy(says, _retry_after_s(response.headers.get("Retry-After", "")))
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN} and advice:
        says = f"{says}: {advice}"
    if status == HTTPStatus.UNAUTHORIZED:
        raise Unauthorized(says, response.headers.getall("WWW-Authenticate", []))
    raise Refused(says)


async def read_document(response: ClientResponse, max_bytes: int) -> bytes:
    """The body of a response that is kept in memory.

    Raises:
        Refused: it has more than `max_bytes`.
    """
    content = bytearray()
    async for block in response.content.iter_any():
        content += block
        _check_size(len(content), max_bytes)
    return bytes(content)


def _check_size(size: int, max_bytes: int) -> None:
    if size > max_bytes:
        limit = f"{max_bytes >> 30} GiB" if max_bytes >= 1 << 30 else f"{max_bytes:,} bytes"
        raise Refused(f"it has more than {limit}")


def _retry_after_s(value: str) -> float:
    """Seconds in a Retry-After header, at most 30. Source: RFC 9110, section 10.2.3."""
    if value.isdecimal():
        return min(float(value), _LONGEST_WAIT_S)
    try:
        wait_s = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
    except (TypeError, ValueError):
        return 0.0
    return min(max(wait_s, 0.0), _LONGEST_WAIT_S)
