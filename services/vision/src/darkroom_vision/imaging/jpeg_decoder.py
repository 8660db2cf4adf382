"""JPEG decoding with TurboJPEG, which can shrink while decoding and reports damage.

Errors before the first scan, such as junk between segments or a damaged colour profile, affect no pixel: if TurboJPEG
reports a problem, the file is decoded again without the segments that pixels do not depend on. Problems that remain
are in the scans and mean wrong pixels, with two harmless exceptions that cameras produce.
"""

import re
import struct

import simplejpeg

from darkroom_vision.failures import DecodeError
from darkroom_vision.imaging.containers import jpeg_segments
from darkroom_vision.imaging.geometry import Size
from darkroom_vision.imaging.pixels import Colors, Pixels

_ODD_SCAN_HEADER = "Invalid SOS parameters for sequential JPEG"
_PADDING_BEFORE_END = re.compile(r"(\d+) extraneous bytes before marker 0xd9")
_END_OF_JPEG = b"\xff\xd9"
_JFIF, _ADOBE, _START_OF_SCAN = b"\xe0", b"\xee", b"\xda"
_FRAMES = frozenset(bytes([marker]) for marker in range(0xC0, 0xD0)) - {b"\xc4", b"\xc8", b"\xcc"}
_TABLES = frozenset({b"\xc4", b"\xcc", b"\xdb", b"\xdd"})
_ADOBE_LENGTH = 12
_CMYK = 4
_PLAIN_JFIF = b"JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"


def jpeg_size(data: bytes) -> Size | None:
    """(width, height) as TurboJPEG reads them; None if simplejpeg does not know the file's subsampling.

    Raises:
        DecodeError: TurboJPEG cannot read the header.
    """
    try:
        height, width, *_ = simplejpeg.decode_jpeg_header(data, strict=False)
    except KeyError:
        return None
    except ValueError as error:
        raise DecodeError(f"the JPEG file cannot be decoded: {error}") from error
    return width, height


def decode_jpeg(data: bytes, colors: Colors, at_least: Size) -> Pixels:
    """The stored pixels, uint8 (h, w, c), at TurboJPEG's smallest scale whose sides are `at_least` (width, height).

    Raises:
        DecodeError: the file is damaged or truncated; has TurboJPEG's message.
    """
    try:
        try:
            return _decode(data, colors, at_least)
        except ValueError:
            data = without_junk(data)
        try:
            return _decode(data, colors, at_least)
        except ValueError as warning:
            if not _is_harmless(str(warning), data):
                raise
            return _decode(data, colors, at_least, strict=False)
    except ValueError as error:
        raise DecodeError(f"the JPEG file cannot be decoded: {error}") from error


def _decode(data: bytes, colors: Colors, at_least: Size, *, strict: bool = True) -> Pixels:
    pixels: Pixels = simplejpeg.decode_jpeg(
        data, colorspace=colors, min_width=at_least[0], min_height=at_least[1], strict=strict
    )
    return pixels


def without_junk(data: bytes) -> bytes:
    """The file without the segments before the first scan that pixels do not depend on."""
    kept: list[tuple[bytes, bytes]] = []
    components = 0
    try:
        for segment in jpeg_segments(data):
            content = segment.of(data)
            if segment.kind == _START_OF_SCAN:
                start = segment.start - 4
                break
            if segment.kind in _FRAMES:
                components = content[5]
            if segment.kind in _TABLES or segment.kind in _FRAMES:
                kept.append((segment.kind, content))
            elif segment.kind == _JFIF and content.startswith(b"JFIF\x00") and len(content) >= len(_PLAIN_JFIF):
                kept.append((_JFIF, _PLAIN_JFIF))
            elif segment.kind == _ADOBE and content.startswith(b"Adobe") and len(content) >= _ADOBE_LENGTH:
                kept.append((_ADOBE, content[:_ADOBE_LENGTH]))
        else:
            return data
    except (struct.error, IndexError):
        return data
    header = b"".join(
        _segment(kind, _adobe(content, components) if kind == _ADOBE else content) for kind, content in kept
    )
    return data[:2] + header + data[start:]


def _segment(kind: bytes, content: bytes) -> bytes:
    return b"\xff" + kind + struct.pack(">H", len(content) + 2) + content


def _adobe(content: bytes, components: int) -> bytes:
    """APP14 with an unknown colour transform replaced as libjpeg does: by YCbCr, or YCCK for four components."""
    known = content[-1] in (0, 1, 2)
    return content if known else content[:-1] + bytes([2 if components == _CMYK else 1])


def _is_harmless(warning: str, data: bytes) -> bool:
    """Whether the image is complete despite `warning`: some cameras pad files or write an invalid scan header."""
    if padding := _PADDING_BEFORE_END.search(warning):
        end = data.rfind(_END_OF_JPEG)
        return len(set(data[end - int(padding[1]) : end])) == 1
    return warning == _ODD_SCAN_HEADER and data.rstrip(b"\x00").endswith(_END_OF_JPEG)
