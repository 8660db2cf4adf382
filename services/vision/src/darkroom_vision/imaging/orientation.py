"""Reading the orientation of an image as an EXIF value, 1 to 8.

It is read from the EXIF data of JPEG, PNG, WebP and TIFF, or from XMP if the EXIF data has none, as in Pillow. In AVIF
and HEIC, the boxes `irot` and `imir` count instead. Decoders do not apply the orientation themselves (except for HEIC),
so that no image is turned twice.
"""

import re
import struct
import zlib
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final, Literal

from darkroom.image_header import Format, NotAnImage, tiff
from darkroom.image_header.boxes import find, primary_item
from darkroom_vision.imaging.containers import jpeg_segments, png_chunks, webp_chunks

UPRIGHT: Final = 1

Carrier = tuple[Literal["EXIF", "XMP"], bytes] | int
"""Metadata that may have the orientation, or the orientation itself."""

_ORIENTATIONS = range(1, 9)
_EXIF_PREFIX = b"Exif\x00\x00"
_XMP_PREFIX = b"http://ns.adobe.com/xap/1.0/\x00"
_XMP_TAG = 700
_APP1 = frozenset({0xE1})
_SMALL_FILE = 1 << 15
"""In bytes."""
_EXIF_ITEM = b"Exif\x00"
"""The type of an EXIF item in the item list of a HEIF file."""
_XMP_PACKET = b"<x:xmpmeta"
_IN_XMP = re.compile(rb"""tiff:Orientation(?:\s*=\s*["']|>)\s*([0-9])""")
_MAX_TEXT = 1 << 20
"""Bytes to decompress of a PNG text at most."""
_MAX_CARRIERS = 16
"""Maximum number of metadata parts to read: each may be 1 MiB when decompressed."""
_RAW_PROFILE_HEAD = 3
"""Lines before the digits of a raw profile: an empty line, the name, the length."""
_PROFILES: dict[bytes, Literal["EXIF", "XMP"]] = {
    b"Raw profile type exif": "EXIF",
    b"Raw profile type APP1": "EXIF",
    b"Raw profile type xmp": "XMP",
}
_AFTER_TURNS = {None: (1, 8, 3, 6), 0: (4, 5, 2, 7), 1: (2, 7, 4, 5)}
"""The orientation by the axis of `imir` and the number of counter-clockwise quarter turns of `irot`, applied first."""


def read_orientation(data: bytes, kind: Format) -> int:
    """The EXIF orientation, 1 to 8; 1, upright, if the file has none or an invalid one."""
    try:
        if kind == "heic":
            return _in_boxes(data)
        carriers = _CARRIERS.get(kind)
        return _first_orientation(carriers(data)) if carriers else UPRIGHT
    except (struct.error, IndexError, ValueError, NotAnImage):
        return UPRIGHT


def _first_orientation(carriers: Iterator[Carrier]) -> int:
    """The orientation in the EXIF data, else the one in XMP."""
    xmp: int | None = None
    for carrier in islice(carriers, _MAX_CARRIERS):
        if isinstance(carrier, int):
            return carrier
        kind, content = carrier
        if kind == "EXIF":
            found = _in_exif(content)
            if found is not None:
                return found if found in _ORIENTATIONS else UPRIGHT
        elif xmp is None and (match := _IN_XMP.search(content)):
            xmp = int(match[1])
    return xmp if xmp is not None and xmp in _ORIENTATIONS else UPRIGHT


def _in_boxes(data: bytes) -> int:
    item = primary_item(data)
    return _AFTER_TURNS[item.mirror][item.quarter_turns]


def _in_exif(exif: bytes) -> int | None:
    try:
        return tiff.first_directory(exif.removeprefix(_EXIF_PREFIX)).number(tiff.ORIENTATION)
    except (struct.error, IndexError, ValueError):
        return None


def _in_jpeg(data: bytes) -> Iterator[Carrier]:
    if len(data) <= _SMALL_FILE and _EXIF_PREFIX not in data and _XMP_PREFIX not in data:
        return  # faster than to read the segments of a small file
    for segment in jpeg_segments(data, _APP1):
        content = segment.of(data)
        if content.startswith(_EXIF_PREFIX):
            yield "EXIF", content
        elif content.startswith(_XMP_PREFIX):
            yield "XMP", content


def _in_png(data: bytes) -> Iterator[Carrier]:
    for chunk in png_chunks(data):
        if chunk.kind == b"eXIf":
            yield "EXIF", chunk.of(data)
        elif chunk.kind in (b"tEXt", b"zTXt", b"iTXt"):
            keyword, _, rest = chunk.of(data).partition(b"\x00")
            if keyword in _PROFILES:
                content = _raw_profile(_text(chunk.kind, rest))
                yield "XMP" if content.startswith(_XMP_PREFIX) else _PROFILES[keyword], content
            elif keyword == b"XML:com.adobe.xmp":
                yield "XMP", _text(chunk.kind, rest)


def _raw_profile(text: bytes) -> bytes:
    """The bytes that ImageMagick writes as lines of hexadecimal digits; empty if the text has another form."""
    lines = text.split(b"\n", _RAW_PROFILE_HEAD)
    try:
        return bytes.fromhex(lines[_RAW_PROFILE_HEAD].decode("ascii"))
    except (IndexError, ValueError):
        return b""


def _text(kind: bytes, rest: bytes) -> bytes:
    """The text after the keyword of a tEXt, zTXt or iTXt chunk."""
    compressed = kind == b"zTXt"
    if compressed:
        rest = rest[1:]
    elif kind == b"iTXt":
        compressed = rest[0] == 1
        _language, _, rest = rest[2:].partition(b"\x00")
        _keyword, _, rest = rest.partition(b"\x00")
    try:
        return zlib.decompressobj().decompress(rest, _MAX_TEXT) if compressed else rest
    except zlib.error:
        return b""


def _in_webp(data: bytes) -> Iterator[Carrier]:
    for chunk in webp_chunks(data):
        if chunk.kind == b"EXIF":
            yield "EXIF", chunk.of(data)
        elif chunk.kind == b"XMP ":
            yield "XMP", chunk.of(data)


def _in_tiff(data: bytes) -> Iterator[Carrier]:
    yield "EXIF", data
    xmp = tiff.first_directory(data).entries.get(_XMP_TAG)
    if xmp is not None:
        yield "XMP", data[xmp.position : xmp.position + xmp.count]


def _in_avif(data: bytes) -> Iterator[Carrier]:
    """The boxes; XMP only if the file has neither boxes nor EXIF data."""
    if (orientation := _in_boxes(data)) != UPRIGHT:
        yield orientation
    meta = find(data, (b"meta",))
    if data.find(_EXIF_ITEM, meta.start, meta.end) < 0 and (start := data.find(_XMP_PACKET)) >= 0:
        yield "XMP", data[start : start + _MAX_TEXT]


_CARRIERS: dict[Format, Callable[[bytes], Iterator[Carrier]]] = {
    "jpeg": _in_jpeg,
    "png": _in_png,
    "webp": _in_webp,
    "tiff": _in_tiff,
    "avif": _in_avif,
}
