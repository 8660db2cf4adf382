"""Bytes of an image -> its pixels, upright.

JPEG goes through TurboJPEG, which can shrink while it decodes and reports damage; everything else through OpenCV. What
the formats hold beyond three channels of 8 bits is reduced as the loaders that models are trained with do it: 16 bits
to their upper 8, palettes and CMYK to colours, the first frame of many, transparency dropped (TIFF: over black).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
import simplejpeg

from darkroom.image_header import MAX_PIXELS, Format, ImageHeader, read_header
from darkroom_vision.failures import DecodeError, TooManyPixels
from darkroom_vision.imaging.geometry import UNCHANGED, Transform
from darkroom_vision.imaging.orientation import jpeg_orientation, shrunk_to_upright, swaps_sides, upright
from darkroom_vision.imaging.pixels import Pixels, as_pixels

Colors = Literal["RGB", "BGR", "GRAY"]
Shrink = Callable[[int, int], int]
"""(width, height) upright -> 1, 2, 4 or 8: how many times smaller the decoder may make each side."""

_OPENCV_FLAGS = {"RGB": cv2.IMREAD_COLOR_RGB, "BGR": cv2.IMREAD_COLOR_BGR, "GRAY": cv2.IMREAD_GRAYSCALE}
_DCT_BLOCK = 8
"""A JPEG of fewer pixels a side is not shrunk: several of TurboJPEG's scales could give the same size."""
_ODD_SCAN_HEADER = "Invalid SOS parameters for sequential JPEG"
_PADDING_BEFORE_END = re.compile(r"(\d+) extraneous bytes before marker 0xd9")
_END_OF_JPEG = b"\xff\xd9"


@dataclass(frozen=True, slots=True)
class Decoded:
    """An upright image.

    Attributes:
        pixels: may be fewer than the image's, if the decoder was allowed to shrink it.
        width, height: of the whole image.
        to_image: from the coordinates of `pixels` to those of the whole image.
    """

    pixels: Pixels
    format: Format
    width: int
    height: int
    to_image: Transform = UNCHANGED


def decode(data: bytes, colors: Colors, shrink: Shrink | None = None) -> Decoded:
    """The image's first frame, EXIF orientation obeyed.

    Args:
        data: the file.
        colors: order of the channels, or GRAY for one channel (ITU-R 601 luma).
        shrink: asked how many times smaller a JPEG may come out; never when it is left out.

    Raises:
        NotAnImage: no format that Darkroom takes.
        TooManyPixels: more than 100 megapixels by the header; nothing has been decoded.
        DecodeError: cut off, or damaged as far as the format shows it: JPEG and PNG do, a WebP or TIFF file of the
            right length may hold wrong pixels that nothing gives away.
    """
    header = read_header(data)
    if header.pixels > MAX_PIXELS:
        raise TooManyPixels(
            f"the image is {header.width} x {header.height}, which is {header.pixels:,} pixels: "
            f"at most {MAX_PIXELS:,} are decoded"
        )
    if header.format == "jpeg":
        return _decode_jpeg(data, header, colors, shrink)
    return _decode_other(data, header, colors)


def _decode_jpeg(data: bytes, header: ImageHeader, colors: Colors, shrink: Shrink | None) -> Decoded:
    orientation = jpeg_orientation(data)
    width, height = header.width, header.height
    if swaps_sides(orientation):
        width, height = height, width
    times = shrink(width, height) if shrink and max(width, height) >= _DCT_BLOCK else 1
    # TurboJPEG takes the smallest of its scales that is not below these: exactly 1/times.
    smallest = {"min_height": -(-header.height // times), "min_width": -(-header.width // times)}
    try:
        try:
            pixels = simplejpeg.decode_jpeg(data, colorspace=colors, **smallest)
        except ValueError as warning:
            if not _is_harmless(str(warning), data):
                raise
            pixels = simplejpeg.decode_jpeg(data, colorspace=colors, strict=False, **smallest)
    except ValueError as error:
        raise DecodeError(f"the JPEG file cannot be decoded: {error}") from error
    pixels = upright(pixels, orientation)
    to_image = shrunk_to_upright(times, (pixels.shape[1], pixels.shape[0]), (width, height), orientation)
    return Decoded(pixels, header.format, width, height, to_image)


def _is_harmless(warning: str, data: bytes) -> bool:
    """Whether the whole picture is there in spite of `warning`: cameras pad files, and some write an odd header."""
    if padding := _PADDING_BEFORE_END.search(warning):
        end = data.rfind(_END_OF_JPEG)
        return len(set(data[end - int(padding[1]) : end])) == 1
    return warning == _ODD_SCAN_HEADER and data.rstrip(b"\x00").endswith(_END_OF_JPEG)


def _decode_other(data: bytes, header: ImageHeader, colors: Colors) -> Decoded:
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), _OPENCV_FLAGS[colors])
    except cv2.error as error:
        raise DecodeError(f"the {header.format.upper()} file cannot be decoded: {error.err or error}") from error
    if pixels is None:
        raise DecodeError(
            f"the {header.format.upper()} file cannot be decoded: it is damaged, cut off, or of a rare kind "
            "(samples of 32 bits, an unknown compression)"
        )
    height, width = pixels.shape[:2]
    return Decoded(as_pixels(pixels, 1 if colors == "GRAY" else 3), header.format, width, height)
