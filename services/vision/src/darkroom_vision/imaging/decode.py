"""Bytes of an image -> its pixels, upright.

JPEG goes through TurboJPEG, the common kinds of PNG, WebP, BMP and TIFF through OpenCV, everything else through Pillow.
What the formats hold beyond three channels of 8 bits is reduced as the loaders that models are trained with do it: 16
bits to their upper 8, palettes and CMYK to colours, the first frame of many, transparency dropped (TIFF: over black).
"""

from collections.abc import Callable
from dataclasses import dataclass

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
"""Of formats whose decoder needs much more memory for each pixel than the others: OpenJPEG takes 18 bytes."""
_DCT_BLOCK = 8
"""A JPEG of fewer pixels a side is not shrunk: several of TurboJPEG's scales could give the same size."""


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
    """The image's first frame, upright.

    Args:
        data: the file.
        colors: order of the channels, or GRAY for one channel (ITU-R 601 luma).
        shrink: asked how many times smaller a JPEG may come out; never when it is left out.

    Raises:
        NotAnImage: no format that Darkroom takes.
        TooManyPixels: more than 100 megapixels by the header (JPEG 2000: 25); nothing has been decoded.
        DecodeError: cut off, or damaged as far as the format shows it: JPEG and PNG do, a WebP or TIFF file of the
            right length may hold wrong pixels that nothing gives away.
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
    elif header.format == "heic":  # libheif turns pictures itself, and cannot be told not to
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
        data = without_junk(data)  # which has the one frame header that `header` was read from
    else:
        _check_same(size, stored, header)
    image = upright_size(stored, orientation)
    times = shrink(*image) if shrink and max(stored) >= _DCT_BLOCK else 1
    # TurboJPEG takes the smallest of its scales that is not below this: exactly 1/times.
    pixels = upright(decode_jpeg(data, colors, (-(-stored[0] // times), -(-stored[1] // times))), orientation)
    to_image = shrunk_to_upright(times, (pixels.shape[1], pixels.shape[0]), image, orientation)
    return Decoded(pixels, header.format, *image, to_image)


def _check_decoded(pixels: Pixels, stored: Size, header: ImageHeader) -> None:
    _check_same((pixels.shape[1], pixels.shape[0]), stored, header)


def _check_same(found: Size, stored: Size, header: ImageHeader) -> None:
    """The ingestion service admitted the size in the header: a decoder that sees another one must not go on."""
    if found != stored:
        raise DecodeError(
            f"the {NAMES[header.format]} file is contradictory: {stored[0]} x {stored[1]} by its header, "
            f"{found[0]} x {found[1]} for the decoder"
        )
