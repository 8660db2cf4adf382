"""The files of a multipart/form-data body, read into memory with limits."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from darkroom_ingestion.http.problems import HttpProblem
from darkroom_ingestion.http.requests.memory import MemoryShare

MAX_FILES = 256
_MAX_CONTENT_TYPE_LENGTH = 1_000
_MAX_PART_HEADERS_BYTES = 4 * 1024


@dataclass
class File:
    """One file. `too_large` if it exceeds the size limit; then its content is incomplete."""

    name: str
    content_type: str | None
    body: bytes
    too_large: bool


@dataclass
class _Part:
    headers: dict[bytes, bytes] = field(default_factory=dict)
    header_bytes: int = 0
    body: bytearray = field(default_factory=bytearray)
    too_large: bool = False


class _Parts:
    """The parser's callbacks."""

    def __init__(self, max_file_bytes: int, share: MemoryShare) -> None:
        self.done: list[File] = []
        self._max_file_bytes, self._share = max_file_bytes, share
        self._part = _Part()
        self._header: tuple[bytes, bytes] = (b"", b"")

    def on_part_begin(self) -> None:
        if len(self.done) >= MAX_FILES:
            raise _bad(413, "too-many-files", f"more than {MAX_FILES} files: send several batches")
        self._part = _Part()

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._count(end - start)
        self._header = (self._header[0] + data[start:end], self._header[1])

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._count(end - start)
        self._header = (self._header[0], self._header[1] + data[start:end])

    def on_header_end(self) -> None:
        name, value = self._header
        self._part.headers[name.lower()] = value
        self._header = (b"", b"")

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        part = self._part
        if part.too_large:
            return
        if len(part.body) + end - start > self._max_file_bytes:
            part.too_large, part.body = True, bytearray()
            return
        self._share.take(end - start)
        part.body += data[start:end]

    def on_part_end(self) -> None:
        _, options = parse_options_header(self._part.headers.get(b"content-disposition", b""))
        name = options.get(b"filename")
        if name is None:
            field_name = options.get(b"name", b"?").decode(errors="replace")
            raise _bad(
                400,
                "bad-multipart",
                f"the part {field_name!r:.80} has no filename; only files are accepted, an ordering key goes into the "
                "query (?key=)",
            )
        content_type = self._part.headers.get(b"content-type")
        self.done.append(
            File(
                name.decode(errors="replace")[:200],
                content_type.decode(errors="replace") if content_type is not None else None,
                bytes(self._part.body),
                self._part.too_large,
            )
        )

    def _count(self, size: int) -> None:
        self._part.header_bytes += size
        if self._part.header_bytes > _MAX_PART_HEADERS_BYTES:
            raise _bad(400, "bad-multipart", f"the headers of a part are longer than {_MAX_PART_HEADERS_BYTES} bytes")


async def read_files(
    content_type: str, chunks: AsyncIterator[bytes], *, max_file_bytes: int, share: MemoryShare
) -> list[File]:
    """Read the files, in the order of the body.

    Raises:
        HttpProblem: 400 if the body is not multipart, or a part is not a file; 413 for too many files.
    """
    # The time to parse it grows with the square of its length.
    if len(content_type) > _MAX_CONTENT_TYPE_LENGTH:
        raise _bad(400, "bad-multipart", f"the Content-Type is longer than {_MAX_CONTENT_TYPE_LENGTH} characters")
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if not boundary:
        raise _bad(400, "bad-multipart", "the Content-Type has no boundary")
    parts = _Parts(max_file_bytes, share)
    finished = False

    def on_end() -> None:
        nonlocal finished
        finished = True

    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": parts.on_part_begin,
                "on_header_field": parts.on_header_field,
                "on_header_value": parts.on_header_value,
                "on_header_end": parts.on_header_end,
                "on_part_data": parts.on_part_data,
                "on_part_end": parts.on_part_end,
                "on_end": on_end,
            },
        )
        async for chunk in chunks:
            parser.write(chunk)
        parser.finalize()
    except FormParserError as error:
        raise _bad(400, "bad-multipart", f"{error}") from error
    if not finished:
        raise _bad(400, "bad-multipart", "it ends before its last boundary")
    if not parts.done:
        raise _bad(400, "bad-multipart", "it has no files")
    return parts.done


def _bad(status: int, kind: str, reason: str) -> HttpProblem:
    return HttpProblem(status, kind, "Bad multipart body", f"The multipart body: {reason}.", unread_body=True)
