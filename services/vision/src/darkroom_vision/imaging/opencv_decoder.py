"""Decoding PNG, WebP and the common kinds of BMP and TIFF with OpenCV, which is fast and releases the GIL."""

import struct

import cv2
import numpy as np

from darkroom.image_header import NAMES, ImageHeader, tiff
from darkroom_vision.failures import DecodeError
from darkroom_vision.imaging.containers import png_chunks
from darkroom_vision.imaging.pixels import Colors, Pixels, as_pixels

_FLAGS = {"RGB": cv2.IMREAD_COLOR_RGB, "BGR": cv2.IMREAD_COLOR_BGR, "GRAY": cv2.IMREAD_GRAYSCALE}
_PNG_SIGNATURE = 8
_PNG_CHUNK_HEADER = 8
_PNG_CHECKSUM = 4
_PNG_CHUNKS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
_BMP_HEADER = 40
_BMP_UNCOMPRESSED = 0
_BMP_BITS = (1, 4, 8, 24, 32)
_BMP_PALETTE_BITS = 8
_BMP_FILE_HEADER = 14
_BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLES, _PLANES, _EXTRA, _SAMPLE_FORMAT = 258, 259, 262, 277, 284, 338, 339
_TIFF_COMPRESSIONS = (1, 2, 3, 4, 5, 8, 32_946, 32_773)
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK = 0, 1, 2, 3, 5
_TIFF_KINDS = {
    (_WHITE_IS_ZERO, (1,)),
    (_BLACK_IS_ZERO, (1,)),
    (_WHITE_IS_ZERO, (8,)),
    (_BLACK_IS_ZERO, (8,)),
    (_BLACK_IS_ZERO, (16,)),
    (_RGB, (8, 8, 8)),
    (_RGB, (8, 8, 8, 8)),
    (_RGB, (16, 16, 16)),
    (_PALETTE, (8,)),
    (_CMYK, (8, 8, 8, 8)),
}
_UNSIGNED = (1,)
_CHUNKY = 1
_UPRIGHT = 1


def opencv_decodes(data: bytes, header: ImageHeader) -> bool:
    """Whether OpenCV decodes files of this kind correctly."""
    try:
        match header.format:
            case "png" | "webp":
                return True
            case "bmp":
                return _is_common_bmp(data)
            case "tiff":
                return _is_common_tiff(tiff.first_directory(data))
    except struct.error:
        pass
    return False


def decode_with_opencv(data: bytes, header: ImageHeader, colors: Colors) -> Pixels:
    """The stored pixels, uint8 (h, w, c), without applying the orientation.

    Raises:
        DecodeError: the file is damaged or cut off.
    """
    name = NAMES[header.format]
    data = _default_image(data) if header.format == "png" else data
    data = _without_orientation(data) if header.format == "tiff" else data
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), _FLAGS[colors] | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error as error:
        raise DecodeError(f"the {name} file cannot be decoded: {error.err or error}") from error
    if pixels is None:
        raise DecodeError(f"the {name} file cannot be decoded: it is damaged or cut off")
    return as_pixels(pixels, 1 if colors == "GRAY" else 3)


def _is_common_bmp(data: bytes) -> bool:
    pixels, size, bits, compression, colors = struct.unpack_from("<II10xHI12xI", data, 10)
    palette = 0 if bits > _BMP_PALETTE_BITS else 4 * (colors or 1 << bits)
    return (
        size >= _BMP_HEADER
        and bits in _BMP_BITS
        and compression == _BMP_UNCOMPRESSED
        and colors != 1  # pixel values beyond the palette are undefined
        and pixels >= _BMP_FILE_HEADER + size + palette
    )


def _is_common_tiff(directory: tiff.Directory) -> bool:
    kind = directory.number(_PHOTOMETRIC), directory.numbers(_BITS) or (1,)
    return (
        kind in _TIFF_KINDS
        and (directory.number(_COMPRESSION) or 1) in _TIFF_COMPRESSIONS
        and (directory.number(_PLANES) or _CHUNKY) == _CHUNKY
        and (directory.number(_SAMPLES) or 1) == len(kind[1])
        and set(directory.numbers(_SAMPLE_FORMAT)) <= set(_UNSIGNED)
    )


def _default_image(data: bytes) -> bytes:
    """The PNG file, reduced to the chunks that its default image depends on.

    Without animation chunks, OpenCV decodes the default image, which need not be a frame of the animation. Without text
    chunks, it does not decompress text, which could turn 10 MB into 1 GB. Chunks that claim to be longer than the file
    are refused here, because OpenCV allocates the length that a chunk claims, up to 4 GB, before it notices.

    Raises:
        DecodeError: a chunk is cut off.
    """
    parts = [data[:_PNG_SIGNATURE]]
    for chunk in png_chunks(data):
        if chunk.kind in _PNG_CHUNKS:
            end = chunk.end + _PNG_CHECKSUM
            if end > len(data):
                raise DecodeError("the PNG file cannot be decoded: it is cut off")
            parts.append(data[chunk.start - _PNG_CHUNK_HEADER : end])
        if chunk.kind == b"IEND":
            break
    return b"".join(parts)


def _without_orientation(data: bytes) -> bytes:
    """The TIFF file with its orientation set to upright: OpenCV applies it even with IMREAD_IGNORE_ORIENTATION."""
    directory = tiff.first_directory(data)
    entry = directory.entries.get(tiff.ORIENTATION)
    if entry is None or directory.number(tiff.ORIENTATION) in (None, _UPRIGHT):
        return data
    length = tiff.SIZES[entry.type]
    one = _UPRIGHT.to_bytes(length, "little" if directory.order == "<" else "big")
    return data[: entry.position] + one + data[entry.position + length :]
