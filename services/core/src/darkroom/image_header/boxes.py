"""Boxes of the ISO base media file format (AVIF, HEIC, JPEG 2000), to read the size and orientation of a picture.

A box is a length, a type and its content, which may be more boxes.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from darkroom.image_header.errors import NotAnImage

_MAX_BOXES = 4_096
_LONG, _TO_THE_END = 1, 0


@dataclass(frozen=True, slots=True)
class Box:
    """A box. `kind` is its type, such as `meta`; its content is at `start` to `end` (exclusive) in the file."""

    kind: bytes
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class PrimaryItem:
    """The primary picture of a HEIF file: its size as stored, its rotation and its mirroring."""

    width: int
    height: int
    quarter_turns: int
    """Counter-clockwise rotation, applied before the mirroring."""
    mirror: int | None
    """0: swap the upper and the lower half; 1: swap left and right; None: no mirroring."""


def boxes(data: bytes, start: int, end: int) -> Iterator[Box]:
    """The boxes in `data` from `start` to `end` (exclusive); at most 4,096."""
    for _ in range(_MAX_BOXES):
        if start + 8 > end:
            return
        length, kind = struct.unpack_from(">I4s", data, start)
        content = start + 8
        if length == _LONG:
            (length,) = struct.unpack_from(">Q", data, content)
            content += 8
        stop = end if length == _TO_THE_END else start + length
        if stop < content:
            raise NotAnImage(f"the file's box {kind.decode('latin-1')!r} is shorter than its own header")
        yield Box(kind, content, min(stop, end))
        start = stop


def find(data: bytes, path: tuple[bytes, ...], start: int = 0, end: int | None = None) -> Box:
    """The box at `path`, such as (`meta`, `iprp`, `ipco`).

    Raises:
        IndexError: there is no such box.
    """
    box = Box(b"", start, len(data) if end is None else end)
    for kind in path:
        box = next((found for found in boxes(data, box.start, box.end) if found.kind == kind), Box(b"", 0, -1))
        if box.end < 0:
            raise IndexError(kind)
        if kind == b"meta":  # a version and flags before its boxes
            box = Box(kind, box.start + 4, box.end)
    return box


def primary_item(data: bytes) -> PrimaryItem:
    """The primary item of an AVIF or HEIC file.

    Raises:
        struct.error, IndexError: the file ends within its header.
        NotAnImage: the file has no primary item, or no size for it.
    """
    meta = find(data, (b"meta",))
    item = _primary_id(data, find(data, (b"pitm",), meta.start, meta.end))
    properties = find(data, (b"iprp", b"ipco"), meta.start, meta.end)
    own = _associated(data, find(data, (b"iprp", b"ipma"), meta.start, meta.end), item)
    size: tuple[int, int] | None = None
    turns, mirror = 0, None
    for number, box in enumerate(boxes(data, properties.start, properties.end), 1):
        if number not in own:
            continue
        if box.kind == b"ispe" and size is None:
            size = struct.unpack_from(">II", data, box.start + 4)
        elif box.kind == b"irot":
            turns = data[box.start] & 3
        elif box.kind == b"imir":
            mirror = data[box.start] & 1
    if size is None:
        raise NotAnImage("the HEIF file does not say how large its primary picture is")
    return PrimaryItem(*size, turns, mirror)


def codestream_size(data: bytes, start: int) -> tuple[int, int]:
    """(width, height) of the JPEG 2000 codestream at `start`, from its SIZ segment, which is the first."""
    marks, _length, _profile, right, lower, left, upper = struct.unpack_from(">4sHHIIII", data, start)
    if marks != b"\xff\x4f\xff\x51":
        raise NotAnImage("the JPEG 2000 codestream does not begin with a SIZ segment")
    return right - left, lower - upper


def jp2_size(data: bytes) -> tuple[int, int]:
    """(width, height) of a JPEG 2000 file, with boxes or without."""
    return codestream_size(data, 0 if data.startswith(b"\xff\x4f") else find(data, (b"jp2c",)).start)


def _primary_id(data: bytes, box: Box) -> int:
    layout = ">I" if data[box.start] else ">H"
    return int(struct.unpack_from(layout, data, box.start + 4)[0])


def _associated(data: bytes, box: Box, item: int) -> set[int]:
    """The numbers of an item's properties, counted from 1."""
    version, wide = data[box.start], data[box.start + 3] & 1
    (entries,) = struct.unpack_from(">I", data, box.start + 4)
    position = box.start + 8
    for _ in range(min(entries, _MAX_BOXES)):
        identity, count = struct.unpack_from(">IB" if version else ">HB", data, position)
        position += 5 if version else 3
        if identity == item:
            numbers = struct.unpack_from(f">{count}{'H' if wide else 'B'}", data, position)
            return {number & (0x7FFF if wide else 0x7F) for number in numbers}
        position += count * (2 if wide else 1)
    raise NotAnImage("the HEIF file says nothing about its primary picture")
