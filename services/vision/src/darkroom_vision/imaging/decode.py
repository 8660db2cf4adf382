"""Decoding an image file into upright pixels.

JPEG is decoded by TurboJPEG, the common kinds of PNG, WebP, BMP and TIFF by OpenCV, everything else by Pillow. All
files are reduced to 8 bits and 1 or 3 channels as the data loaders of training frameworks do: 16 bits to the upper 8,
palettes and CMYK to RGB, the first of several frames, transparency dropped (TIFF: composited over black).
"""

from collections.abc import Callable
from typing import NamedTuple

from darkroom.image_header import MAX_PIXELS, NAMES, Format, ImageHeader, read_header
from darkroom_vision.failures import DecodeError, TooManyPixels
from darkroom_vision.imaging.geometry import UNCHANGED, Size, Transform
from darkroom_vision.imaging.jpeg_decoder import decode_jpeg, jpeg_size, without_junk
from darkroom_vision.imaging.opencv_decoder import decode_with_opencv, opencv_decodes
from darkroom_vision.imaging.orientation import UPRIGHT, read_orientation
from darkroom_vision.imaging.pillow_decoder import decode_with_pillow
from darkroom_vision.imaging.pixels import Colors, Pixels
from darkroom_vision.imaging.turning import shrunk_to_upright, upright, upright_size

Shrink = Callable[[int, int], int]
"""(width, height) upright -> 1, 2, 4 or 8: how many times smaller the decoder may make each side."""

_MAX_PIXELS_OF: dict[Format, int] = {"jp2": 25_000_000}
"""Lower limits for formats whose decoder needs more memory per pixel: OpenJPEG takes 18 bytes."""
_DCT_BLOCK = 8
"""In pixels. A JPEG with a shorter side is not shrunk: several of TurboJPEG's scales could give the same size."""


class Decoded(NamedTuple):
    """An upright image.

    Attributes:
        pixels: uint8 (h, w, c); smaller than the image if the decoder shrank it.
        width, height: of the upright image before shrinking, in pixels.
        to_image: from the coordinates of `pixels` to those of the image.
    """

    pixels: Pixels
    format: Format
    width: int
    height: int
    to_image: Transform = UNCHANGED


def decode(data: bytes, colors: Colors, shrink: Shrink | None = None) -> Decoded:
    """The image's first frame, upright.

    Args:
        data: content of the file.
        colors: order of the channels, or GRAY for one channel (ITU-R 601 luma).
        shrink: called with the upright size; returns by how much a JPEG may be shrunk. None: never shrink.

    Raises:
        NotAnImage: the format is not supported.
        TooManyPixels: the header says more than 100 megapixels (JPEG 2000: 25). Raised before decoding.
        DecodeError: the file is truncated, or damage was detected. JPEG and PNG reveal damage; WebP and TIFF have no
            checksums, so that a damaged file of the right length may decode to wrong pixels.
    """
    header = read_header(data)
    limit = _MAX_PIXELS_OF.get(header.format, MAX_PIXELS)
    if header.pixels > limit:
        raise TooManyPixels(
            f"the image is {header.width} x {header.height}, which is {header.pixels:,} pixels: "
            f"at most {limit:,} are decoded"
        )
    orientation = read_orientation(data, header.format)
    if header.format == "jpeg":
        return _decode_jpeg(data, header, orientation, colors, shrink)
    stored = (header.width, header.height)
    if opencv_decodes(data, header):
        pixels = decode_with_opencv(data, header, colors)
        _check_decoded(pixels, stored, header)
    elif header.format == "heic":  # libheif always applies the orientation itself
        pixels = decode_with_pillow(data, header, upright_size(stored, orientation), colors)
        orientation = UPRIGHT
    else:
        pixels = decode_with_pillow(data, header, stored, colors)
    pixels = upright(pixels, orientation)
    height, width = pixels.shape[:2]
    return Decoded(pixels, header.format, width, height)


def _decode_jpeg(data: bytes, header: ImageHeader, orientation: int, colors: Colors, shrink: Shrink | None) -> Decoded:
    stored = (header.width, header.height)
    size = jpeg_size(data)
    if size is None:
        data = without_junk(data)  # keeps the frame header that `header` was read from
    else:
        _check_same(size, stored, header)
    image = upright_size(stored, orientation)
    times = shrink(*image) if shrink and max(stored) >= _DCT_BLOCK else 1
    # TurboJPEG takes the smallest scale that is not below this size, which is exactly 1/times.
    pixels = upright(decode_jpeg(data, colors, (-(-stored[0] // times), -(-stored[1] // times))), orientation)
    to_image = shrunk_to_upright(times, (pixels.shape[1], pixels.shape[0]), image, orientation)
    return Decoded(pixels, header.format, *image, to_image)


def _check_decoded(pixels: Pixels, stored: Size, header: ImageHeader) -> None:
    _check_same((pixels.shape[1], pixels.shape[0]), stored, header)


def _check_same(found: Size, stored: Size, header: ImageHeader) -> None:
    """Limits were checked for the size in the header, so a decoder that finds another size must not go on."""
    if found != stored:
        raise DecodeError(
            f"the {NAMES[header.format]} file is contradictory: {stored[0]} x {stored[1]} by its header, "
            f"{found[0]} x {found[1]} for the decoder"
        )
