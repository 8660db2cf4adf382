"""The multipart reader: any input in any chunks results in files or a problem."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from darkroom_ingestion.http.problems import HttpProblem
from darkroom_ingestion.http.requests.memory import BodyMemory
from darkroom_ingestion.http.requests.multipart import MAX_FILES, File, read_files

MAX_FILE_BYTES = 300
CONTENT_TYPE = "multipart/form-data; boundary=x-y"


def read(content_type: str, chunks: Sequence[bytes], memory: int = 2**20) -> list[File]:
    async def arriving() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    with BodyMemory(memory).share() as share:
        files = asyncio.run(read_files(content_type, arriving(), max_file_bytes=MAX_FILE_BYTES, share=share))
        assert sum(len(file.body) for file in files) <= share.taken <= sum(map(len, chunks))
        return files


def outcome(content_type: str, chunks: Sequence[bytes]) -> list[File] | int:
    """The files, or the status of the problem."""
    try:
        return read(content_type, chunks)
    except HttpProblem as problem:
        assert problem.status in {400, 413}  # noqa: PT017
        return problem.status


def cut(body: bytes, lengths: Sequence[int]) -> list[bytes]:
    """`body` in chunks of these lengths, repeated."""
    pieces, start = [], 0
    while start < len(body):
        length = lengths[len(pieces) % len(lengths)]
        pieces.append(body[start : start + length])
        start += length
    return pieces


def multipart(files: Sequence[tuple[bytes, bytes]]) -> bytes:
    """A well-formed body of files with these names and contents."""
    parts = (
        b'--x-y\r\nContent-Disposition: form-data; name="file"; filename="%b"\r\nContent-Type: image/png\r\n\r\n%b\r\n'
        % file
        for file in files
    )
    return b"".join(parts) + b"--x-y--\r\n"


# Content of a part that resembles its end.
almost_ends = st.sampled_from([b"\r", b"\n", b"\r\n", b"\r\n-", b"\r\n--", b"\r\n--x", b"\r\n--x-", b"--x-y", b"-"])
contents = (
    st.lists(almost_ends | st.binary(max_size=20), max_size=8).map(b"".join).filter(lambda c: b"\r\n--x-y" not in c)
)
names = st.text("abc ;=.é", max_size=20).map(str.encode)
pieces = st.lists(st.integers(1, 60), min_size=1, max_size=4)
headers = st.sampled_from(
    [
        b'Content-Disposition: form-data; name="file"; filename="a.png"',
        b"content-disposition:form-data;filename=a",
        b'Content-Disposition: form-data; name="key"',
        b"Content-Disposition: form-data; filename*=utf-8''a; filename=\"\\\"",
        b'Content-Disposition: ;;;="; filename="C:\\a\\b"; filename="\xff\x00',
        b"Content-Type: image/png",
        b"Content-Type:",
        b"Content-Type: \xff\x00",
        b": no name",
        b"no colon",
        b"x: " + b"y" * 5_000,
        b"z" * 5_000 + b":",
        *(b"%b: 1" % name for name in (b"a", b"\xc3\xa9", b"a b")),
    ]
)
grammar = st.lists(
    st.sampled_from([b"--x-y\r\n", b"\r\n--x-y\r\n", b"\r\n--x-y--\r\n", b"\r\n--x-y--", b"--x-y\n", b"\r\n\r\n"])
    | headers.map(lambda header: header + b"\r\n")
    | st.lists(headers, min_size=1, max_size=12).map(
        lambda several: b"--x-y\r\n" + b"\r\n".join(several) + b"\r\n\r\ndata"
    )
    | almost_ends
    | st.binary(max_size=30)
    | st.integers(0, 400).map(lambda size: b"d" * size)
    | st.lists(st.tuples(names, contents), max_size=3).map(multipart)
    | st.lists(st.tuples(names, contents), min_size=1, max_size=3).map(
        lambda files: multipart(files)[: -len("--\r\n")]
    ),
    max_size=12,
).map(b"".join)
content_types = st.just(CONTENT_TYPE) | st.builds(
    "{}{}{}".format,
    st.sampled_from(["multipart/form-data", ""]),
    st.sampled_from(["; boundary=", ";boundary=", ";;boundary =", '; boundary="', "; boundary*=", ";\xff=", ";" * 990]),
    st.sampled_from(["x-y", '"x-y"', 'x-y"', "", "\r\n", "-", "--", "\xff", "y" * 300, "\\", "x-y; boundary=z"])
    | st.text(st.characters(max_codepoint=255), max_size=10),
)


@pytest.mark.fuzz
@settings(
    max_examples=int(os.environ.get("DARKROOM_FUZZ_EXAMPLES", "1000")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(content_type=content_types, body=grammar | st.binary(max_size=200), lengths=pieces)
def test_any_body_is_read_or_refused_for_any_chunks(content_type: str, body: bytes, lengths: list[int]) -> None:
    in_pieces, whole = outcome(content_type, cut(body, lengths)), outcome(content_type, [body])
    # The parser skips what follows a line break before the first boundary, but only to the end of the piece.
    assert in_pieces == whole or body.startswith((b"\r", b"\n"))


@given(files=st.lists(st.tuples(names, contents), min_size=1, max_size=4), lengths=pieces)
def test_files_are_read_as_they_were_sent(files: list[tuple[bytes, bytes]], lengths: list[int]) -> None:
    read_back = read(CONTENT_TYPE, cut(multipart(files), lengths))

    assert [(file.name.encode(), file.body, file.content_type) for file in read_back] == [
        (name, content, "image/png") for name, content in files
    ]


def test_the_bytes_of_a_file_that_is_too_large_are_not_kept() -> None:
    [large, small] = read(CONTENT_TYPE, cut(multipart([(b"a", b"d" * (MAX_FILE_BYTES + 1)), (b"b", b"e")]), [100]))

    assert (large.too_large, large.body) == (True, b"")
    assert (small.too_large, small.body) == (False, b"e")


def test_files_that_the_memory_has_no_room_for_are_refused() -> None:
    with pytest.raises(HttpProblem, match="body-memory"):
        read(CONTENT_TYPE, [multipart([(b"a", b"d" * 200), (b"b", b"d" * 200)])], memory=300)


def test_more_files_than_a_batch_has_are_refused() -> None:
    assert len(read(CONTENT_TYPE, [multipart([(b"a", b"d")] * MAX_FILES)])) == MAX_FILES
    assert outcome(CONTENT_TYPE, [multipart([(b"a", b"d")] * (MAX_FILES + 1))]) == 413


def test_a_long_content_type_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(HttpProblem, match="the Content-Type is longer than 1000 characters"):
        read(CONTENT_TYPE + ";" * 80_000, [multipart([(b"a", b"d")])])
