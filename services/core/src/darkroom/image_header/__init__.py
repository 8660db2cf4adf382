"""Format and size of an image, read from its header without decoding it.

The ingestion service checks the header because decoding is too expensive there. The worker checks it before decoding,
so that a small file can't allocate a huge picture. The work for a hostile file is bounded: see `sizes`.
"""

import struct
from collections.abc import Callable
from typing import Final, Literal, NamedTuple

from darkroom.image_header import boxes, sizes
from darkroom.image_header.errors import NotAnImage

__all__ = ["MAX_PIXELS", "MEDIA_TYPES", "NAMES", "Format", "ImageHeader", "NotAnImage", "detect_format", "read_header"]

Format = Literal["jpeg", "png", "webp", "bmp", "tiff", "gif", "avif", "heic", "jp2", "pnm"]

MEDIA_TYPES: Final[dict[Format, str]] = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "bmp": "image/bmp",
    "tiff": "image/tiff",
    "gif": "image/gif",
    "avif": "image/avif",
    "heic": "image/heic",
    "jp2": "image/jp2",
    "pnm": "image/x-portable-anymap",
}
NAMES: Final[dict[Format, str]] = {
    "jpeg": "JPEG",
    "png": "PNG",
    "webp": "WebP",
    "bmp": "BMP",
    "tiff": "TIFF",
    "gif": "GIF",
    "avif": "AVIF",
    "heic": "HEIC",
    "jp2": "JPEG 2000",
    "pnm": "PNM",
}
"""Display names of the formats."""
MAX_PIXELS: Final = 100_000_000
"""The maximum number of pixels that a worker decodes."""

_SUPPORTED = f"send {', '.join(list(NAMES.values())[:-1])} or {list(NAMES.values())[-1]}"


class ImageHeader(NamedTuple):
    """The header of an image file. `width` and `height` are pixels as stored, before the orientation is applied."""

    format: Format
    width: int
    height: int

    @property
    def media_type(self) -> str:
        """The media type, as in a `Content-Type` header."""
        return MEDIA_TYPES[self.format]

    @property
    def pixels(self) -> int:
        """Width times height."""
        return self.width * self.height


def read_header(data: bytes) -> ImageHeader:
    """Format, width and height of the image in `data`; of its first frame if there are several.

    Raises:
        NotAnImage: the bytes are not a supported image; the message is for the sender.
    """
    kind = detect_format(data)
    if kind is None:
        raise NotAnImage(_what_it_is(data))
    try:
        width, height = _SIZES[kind](data)
    except (struct.error, IndexError):
        raise NotAnImage(f"the {NAMES[kind]} file ends within its header ({len(data)} bytes)") from None
    if width < 1 or height < 1:
        raise NotAnImage(f"the {NAMES[kind]} header says {width} x {height} pixels")
    return ImageHeader(kind, width, height)


def detect_format(data: bytes) -> Format | None:
    """The format according to the first bytes; None if Darkroom does not support it."""
    for kind, signature in _SIGNATURES:
        if data.startswith(signature) and (kind != "webp" or data[8:12] == b"WEBP"):
            return kind
    if data[:1] == b"P" and data[1:2] in _PNM_KINDS and data[2:3] in _PNM_SPACES:
        return "pnm"
    return _heif_format(data) if data[4:8] == b"ftyp" else None


def _heif_format(data: bytes) -> Format | None:
    """The format according to the file's brands: its major brand, then the compatible ones."""
    length = min(int.from_bytes(data[:4], "big"), len(data), _MAX_BRANDS)
    for brand in (data[8:12], *(data[i : i + 4] for i in range(16, length, 4))):
        if brand in _BRANDS:
            return _BRANDS[brand]
    return None


def _heif_size(data: bytes) -> tuple[int, int]:
    item = boxes.primary_item(data)
    return item.width, item.height


def _what_it_is(data: bytes) -> str:
    if not data:
        return f"no bytes: {_SUPPORTED}"
    for name, signature, offset in _KNOWN_OTHERS:
        if data[offset : offset + len(signature)] == signature:
            return f"{name} is not supported: {_SUPPORTED}"
    return f"not an image: it starts with {data[:8].hex(' ')}; {_SUPPORTED}"


_SIGNATURES: tuple[tuple[Format, bytes], ...] = (
    ("jpeg", b"\xff\xd8\xff"),
    ("png", b"\x89PNG\r\n\x1a\n"),
    ("webp", b"RIFF"),
    ("bmp", b"BM"),
    ("tiff", b"II*\x00"),
    ("tiff", b"MM\x00*"),
    ("tiff", b"II+\x00"),
    ("tiff", b"MM\x00+"),
    ("gif", b"GIF87a"),
    ("gif", b"GIF89a"),
    ("jp2", b"\x00\x00\x00\x0cjP  \r\n\x87\n"),
    ("jp2", b"\xff\x4f\xff\x51"),
)
_MAX_BRANDS = 1_024
_PNM_KINDS = frozenset({b"1", b"2", b"3", b"4", b"5", b"6"})
_PNM_SPACES = frozenset({b" ", b"\t", b"\n", b"\r", b"\v", b"\f", b"#"})
_BRANDS: dict[bytes, Format] = {
    b"avif": "avif",
    b"avis": "avif",
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"), "heic"),
}
_SIZES: dict[Format, Callable[[bytes], tuple[int, int]]] = {
    "jpeg": sizes.jpeg_size,
    "png": sizes.png_size,
    "webp": sizes.webp_size,
    "bmp": sizes.bmp_size,
    "tiff": sizes.tiff_size,
    "gif": sizes.gif_size,
    "avif": _heif_size,
    "heic": _heif_size,
    "jp2": boxes.jp2_size,
    "pnm": sizes.pnm_size,
}
_KNOWN_OTHERS = (
    ("JPEG XL", b"\xff\x0a", 0),
    ("JPEG XL", b"\x00\x00\x00\x0cJXL ", 0),
    ("an HEIF file of this kind", b"ftypmif1", 4),
    ("a video", b"ftyp", 4),
    ("a PDF", b"%PDF", 0),
    ("an SVG drawing", b"<svg", 0),
)
