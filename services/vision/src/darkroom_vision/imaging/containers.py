"""Reading the segments of JPEG files and the chunks of PNG and WebP files."""

import struct
from collections.abc import Container, Iterator
from typing import NamedTuple

_LENGTH = struct.Struct(">H")
_MAX_PARTS = 100_000
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_FILL, _STUFFED = 0xFF, 0x00
_WITHOUT_LENGTH = frozenset({_FILL, _STUFFED, 0x01, *range(0xD0, 0xD9)})


class Part(NamedTuple):
    """A segment or chunk: its `kind` in the notation of the format; `start` and `end` of its content in the file."""

    kind: bytes
    start: int
    end: int

    def of(self, data: bytes) -> bytes:
        """The content of the part in the file `data`."""
        return data[self.start : self.end]


def jpeg_segments(data: bytes, markers: Container[int] = range(256)) -> Iterator[Part]:
    """The segments of a JPEG file up to the header of its first scan, those with `markers`. Junk between is skipped.

    As in libjpeg: after bytes that are no marker, it looks for the next 0xFF that begins one.

    Raises:
        struct.error, IndexError: the file ends before the first scan.
    """
    position = 2
    for _ in range(_MAX_PARTS):
        position = data.find(b"\xff", position)
        if position < 0 or (marker := data[position + 1]) == _END_OF_IMAGE:
            return
        if marker in _WITHOUT_LENGTH:
            position += 1 if marker == _FILL else 2
            continue
        (length,) = _LENGTH.unpack_from(data, position + 2)
        end = position + 2 + (length if length > 1 else 2)
        if marker in markers:
            yield Part(data[position + 1 : position + 2], position + 4, end)
        if marker == _START_OF_SCAN:
            return
        position = end


def png_chunks(data: bytes) -> Iterator[Part]:
    """The chunks of a PNG file. The last one may claim to end beyond the file."""
    position = 8
    for _ in range(_MAX_PARTS):
        if position + 12 > len(data):
            return
        length, kind = struct.unpack_from(">I4s", data, position)
        yield Part(kind, position + 8, position + 8 + length)
        position += 12 + length


def webp_chunks(data: bytes) -> Iterator[Part]:
    """The chunks of a WebP file. The last one may claim to end beyond the file."""
    position = 12
    for _ in range(_MAX_PARTS):
        if position + 8 > len(data):
            return
        kind, length = struct.unpack_from("<4sI", data, position)
        yield Part(kind, position + 8, position + 8 + length)
        position += 8 + length + length % 2
