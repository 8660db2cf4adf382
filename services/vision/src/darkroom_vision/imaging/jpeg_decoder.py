"""JPEG through TurboJPEG, which can shrink while it decodes and reports damage.

What is wrong before the first scan (junk between segments, a damaged colour profile) cannot harm a pixel: where
TurboJPEG complains, the file is decoded once more without what it needs not. What it still complains of lies in the
scans, where it means that pixels are wrong, but for two oddities of cameras.
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
    """(width, height) as TurboJPEG reads them; None if simplejpeg has no name for the file's subsampling.

    Raises:
        DecodeError: TurboJPEG finds no picture.
    """
    try:
        height, width, *_ = simplejpeg.decode_jpeg_header(data, strict=False)
    except KeyError:
        return None
    except ValueError as error:
        raise DecodeError(f"the JPEG file cannot be decoded: {error}") from error
    return width, height


def decode_jpeg(data: bytes, colors: Colors, at_least: Size) -> Pixels:
    """The stored pixels, in the smallest of TurboJPEG's scales whose sides are `at_least` (width, height).

    Raises:
        DecodeError: with TurboJPEG's words.
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
    """The same picture: only the segments that its pixels depend on come before the first scan."""
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
    """With the colour transform that libjpeg takes an unknown one for: YCbCr, or YCCK of four components."""
    known = content[-1] in (0, 1, 2)
    return content if known else content[:-1] + bytes([2 if components == _CMYK else 1])


def _is_harmless(warning: str, data: bytes) -> bool:
    """Whether the picture is whole in spite of `warning`: cameras pad files, and some write an odd scan header."""
    if padding := _PADDING_BEFORE_END.search(warning):
        end = data.rfind(_END_OF_JPEG)
        return len(set(data[end - int(padding[1]) : end])) == 1
    return warning == _ODD_SCAN_HEADER and data.rstrip(b"\x00").endswith(_END_OF_JPEG)
