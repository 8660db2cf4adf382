"""Format and size of an image, read from its first bytes without decoding it.

Used at the door, where a full decode would cost too much, and by the worker before it decodes, so that a small file
cannot ask for a huge picture. A hostile file costs at most `_MAX_STEPS` steps.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from darkroom.errors import DarkroomError

Format = Literal["jpeg", "png", "webp", "bmp", "tiff"]

MEDIA_TYPES: Final[dict[Format, str]] = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "bmp": "image/bmp",
    "tiff": "image/tiff",
}
MAX_PIXELS: Final = 100_000_000
"""The largest picture that a worker decodes."""

_MAX_STEPS = 4_096
_SUPPORTED = "send JPEG, PNG, WebP, BMP or TIFF"


class NotAnImage(DarkroomError):
    """The bytes are no image of a format that Darkroom takes, or its header is damaged."""

    reason: ClassVar[Literal["NotAnImage"]] = "NotAnImage"


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """What the file says of itself; `width` and `height` in pixels as stored, before any EXIF orientation."""

    format: Format
    width: int
    height: int

    @property
    def media_type(self) -> str:
        """As in a `Content-Type` header."""
        return MEDIA_TYPES[self.format]

    @property
    def pixels(self) -> int:
        """Width times height."""
        return self.width * self.height


def read_header(data: bytes) -> ImageHeader:
    """Format, width and height of the image in `data`, its first frame if there are several.

    Raises:
        NotAnImage: with what is wrong, in words for the sender.
    """
    for kind, signature, read_size in _FORMATS:
        if data.startswith(signature) and (kind != "webp" or data[8:12] == b"WEBP"):
            try:
                width, height = read_size(data)
            except (struct.error, IndexError):
                raise NotAnImage(f"the {_NAMES[kind]} file ends within its header ({len(data)} bytes)") from None
            if width < 1 or height < 1:
                raise NotAnImage(f"the {_NAMES[kind]} header says {width} x {height} pixels")
            return ImageHeader(kind, width, height)
    raise NotAnImage(_what_it_is(data))


def _what_it_is(data: bytes) -> str:
    if not data:
        return f"no bytes: {_SUPPORTED}"
    for name, signature, offset in _KNOWN_OTHERS:
        if data[offset : offset + len(signature)] == signature:
            return f"{name} is not supported: {_SUPPORTED}"
    return f"not an image: it starts with {data[:8].hex(' ')}; {_SUPPORTED}"


def _jpeg_size(data: bytes) -> tuple[int, int]:
    position = 2
    for _ in range(_MAX_STEPS):
        position = data.find(b"\xff", position)
        if position < 0:
            raise IndexError
        marker = data[position + 1]
        if marker in _JPEG_FRAME_MARKERS:
            height, width = struct.unpack_from(">HH", data, position + 5)
            if height == 0:
                raise NotAnImage("the JPEG header leaves its height open (0 lines), which is not supported")
            return width, height
        if marker in _JPEG_PICTURE_MARKERS:
            raise NotAnImage("the JPEG file has no frame header before its picture data")
        if marker == _JPEG_FILL:
            position += 1
        elif marker in _JPEG_LONE_MARKERS:
            position += 2
        else:
            (length,) = struct.unpack_from(">H", data, position + 2)
            position += 2 + max(2, length)
    raise NotAnImage(f"the JPEG file has no frame header among its first {_MAX_STEPS:,} segments")


def _png_size(data: bytes) -> tuple[int, int]:
    chunk, width, height = struct.unpack_from(">8sII", data, 8)
    if chunk != b"\x00\x00\x00\x0dIHDR":
        raise NotAnImage("the PNG file does not begin with an IHDR chunk")
    return width, height


def _webp_size(data: bytes) -> tuple[int, int]:
    kind = data[12:16]
    if kind == b"VP8 ":
        tag, width, height = struct.unpack_from("<3sHH", data, 23)
        if tag != b"\x9d\x01\x2a":
            raise NotAnImage("the WebP file does not begin with a key frame")
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L":
        signature, bits = struct.unpack_from("<cI", data, 20)
        if signature != b"\x2f":
            raise NotAnImage("the WebP file's lossless picture has no signature")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8X":
        low_width, high_width, low_height, high_height = struct.unpack_from("<HBHB", data, 24)
        return (high_width << 16 | low_width) + 1, (high_height << 16 | low_height) + 1
    raise NotAnImage("the WebP file does not begin with a VP8, VP8L or VP8X chunk")


def _bmp_size(data: bytes) -> tuple[int, int]:
    (header_size,) = struct.unpack_from("<I", data, 14)
    if header_size == _BMP_CORE_HEADER:
        width, height = struct.unpack_from("<HH", data, 18)
        return width, height
    if header_size not in _BMP_HEADERS:
        raise NotAnImage(f"the BMP file's information header has {header_size} bytes, which no version of BMP has")
    width, height = struct.unpack_from("<ii", data, 18)
    return width, abs(height)  # negative: the rows are stored from the top


def _tiff_size(data: bytes) -> tuple[int, int]:
    order = "<" if data[:2] == b"II" else ">"
    big = data[2:4] in (b"\x2b\x00", b"\x00\x2b")
    (directory,) = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)
    if directory >= len(data):
        raise IndexError
    count_format, entry_format = ("Q", "HHQ8s") if big else ("H", "HHI4s")
    (count,) = struct.unpack_from(order + count_format, data, directory)
    start = directory + struct.calcsize(order + count_format)
    entry_size = struct.calcsize(order + entry_format)
    size = {0x100: 0, 0x101: 0}
    for i in range(min(count, _MAX_STEPS)):
        tag, kind, values, value = struct.unpack_from(order + entry_format, data, start + i * entry_size)
        if tag in size and values == 1 and kind in _TIFF_INTEGERS:
            (size[tag],) = struct.unpack_from(order + _TIFF_INTEGERS[kind], value)
        if all(size.values()):
            break
    return size[0x100], size[0x101]


_BMP_CORE_HEADER = 12
_BMP_HEADERS = range(16, 257)
_TIFF_INTEGERS = {1: "B", 3: "H", 4: "I", 16: "Q"}
_JPEG_FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_FILL = 0xFF
_JPEG_PICTURE_MARKERS = frozenset({0xD9, 0xDA})
_JPEG_LONE_MARKERS = frozenset({0x00, 0x01, *range(0xD0, 0xD9)})
_NAMES: dict[Format, str] = {"jpeg": "JPEG", "png": "PNG", "webp": "WebP", "bmp": "BMP", "tiff": "TIFF"}
_FORMATS: tuple[tuple[Format, bytes, Callable[[bytes], tuple[int, int]]], ...] = (
    ("jpeg", b"\xff\xd8\xff", _jpeg_size),
    ("png", b"\x89PNG\r\n\x1a\n", _png_size),
    ("webp", b"RIFF", _webp_size),
    ("bmp", b"BM", _bmp_size),
    ("tiff", b"II*\x00", _tiff_size),
    ("tiff", b"MM\x00*", _tiff_size),
    ("tiff", b"II+\x00", _tiff_size),
    ("tiff", b"MM\x00+", _tiff_size),
)
_KNOWN_OTHERS = (
    ("a GIF", b"GIF8", 0),
    ("HEIC", b"ftypheic", 4),
    ("HEIC", b"ftypmif1", 4),
    ("AVIF", b"ftypavif", 4),
    ("JPEG 2000", b"jP  \r\n\x87\n", 4),
    ("JPEG XL", b"\xff\x0a", 0),
    ("a PDF", b"%PDF", 0),
)
