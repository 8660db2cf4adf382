"""(width, height) in pixels from the header of a file, one function per format.

All functions raise struct.error or IndexError if the file ends within its header, and NotAnImage if the header is
damaged. They take at most `MAX_STEPS` steps for any file.
"""

import re
import struct
from typing import Final

from darkroom.image_header import tiff
from darkroom.image_header.errors import NotAnImage

MAX_STEPS: Final = 4_096

_BMP_CORE_HEADER = 12
_BMP_HEADERS = range(16, 257)
_GIF_COLOUR_TABLE, _GIF_EXTENSION, _GIF_PICTURE = 0x80, 0x21, 0x2C
_GIF_MAX_BLOCKS = 100_000
_JPEG_FILL = 0xFF
_JPEG_LENGTH = struct.Struct(">H").unpack_from
_JPEG_FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_PICTURE_MARKERS = frozenset({0xD9, 0xDA})
_JPEG_LONE_MARKERS = frozenset({0x00, 0x01, *range(0xD0, 0xD9)})
_PNM_NUMBERS = re.compile(rb"P[1-6](?:\s|#[^\r\n]*[\r\n])+(\d{1,9})(?:\s|#[^\r\n]*[\r\n])+(\d{1,9})(?![\d])")
_PNM_HEADER = 65_536


def jpeg_size(data: bytes) -> tuple[int, int]:
    """(width, height) in the first frame header."""
    position = 2
    for _ in range(MAX_STEPS):
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
            (length,) = _JPEG_LENGTH(data, position + 2)
            position += 2 + (length if length > 1 else 2)
    raise NotAnImage(f"the JPEG file has no frame header among its first {MAX_STEPS:,} segments")


def png_size(data: bytes) -> tuple[int, int]:
    """(width, height) of the default image, from IHDR."""
    chunk, width, height = struct.unpack_from(">8sII", data, 8)
    if chunk != b"\x00\x00\x00\x0dIHDR":
        raise NotAnImage("the PNG file does not begin with an IHDR chunk")
    return width, height


def webp_size(data: bytes) -> tuple[int, int]:
    """(width, height) of the canvas."""
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


def bmp_size(data: bytes) -> tuple[int, int]:
    """(width, height) in the information header of any version."""
    (header_size,) = struct.unpack_from("<I", data, 14)
    if header_size == _BMP_CORE_HEADER:
        width, height = struct.unpack_from("<HH", data, 18)
        return width, height
    if header_size not in _BMP_HEADERS:
        raise NotAnImage(f"the BMP file's information header has {header_size} bytes, which no version of BMP has")
    width, height = struct.unpack_from("<ii", data, 18)
    return width, abs(height)  # negative: the rows are stored from the top


def tiff_size(data: bytes) -> tuple[int, int]:
    """(width, height) of the first page."""
    directory = tiff.first_directory(data)
    width, height = directory.number(tiff.WIDTH), directory.number(tiff.HEIGHT)
    if width is None or height is None:
        raise NotAnImage("the TIFF file's first directory does not say how wide and how high the picture is")
    return width, height


def gif_size(data: bytes) -> tuple[int, int]:
    """(width, height) of the logical screen, extended to the first picture if that is larger."""
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    position = 13 + (3 << ((flags & 7) + 1) if flags & _GIF_COLOUR_TABLE else 0)
    within_extension = False
    for _ in range(_GIF_MAX_BLOCKS):
        kind = data[position]
        if within_extension:  # `kind` is a block's length, 0 ends the extension
            within_extension = kind > 0
            position += 1 + kind
        elif kind == _GIF_PICTURE:
            left, top, across, down = struct.unpack_from("<HHHH", data, position + 1)
            return max(width, left + across), max(height, top + down)
        else:
            within_extension = kind == _GIF_EXTENSION
            position += 2 if within_extension else 1
    raise NotAnImage(f"the GIF file has no picture among its first {_GIF_MAX_BLOCKS:,} blocks")


def pnm_size(data: bytes) -> tuple[int, int]:
    """(width, height) of a PBM, PGM or PPM file, plain or raw."""
    found = _PNM_NUMBERS.match(data[:_PNM_HEADER])
    if found is None:
        raise NotAnImage("the PNM file does not say how wide and how high the picture is")
    return int(found[1]), int(found[2])
