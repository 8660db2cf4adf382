"""Makes a thumbnail. Runs in the process of `thumbnails.__main__`, which alone imports the decoders."""

import io
from typing import Final

import cv2
from PIL import Image, WebPImagePlugin

from darkroom.image_header import NAMES, read_header
from darkroom_vision.failures import TooManyPixels
from darkroom_vision.imaging.decode import decode
from darkroom_vision.imaging.pixels import as_pixels

_QUALITY: Final = 80
_EFFORT: Final = 2
"""Of 6. OpenCV's encoder always has 4, which takes twice the CPU time for files that are 4 % smaller."""
_MAX_PIXELS: Final = 25_000_000
"""Of all formats but JPEG, which is made smaller while it is decoded."""


def thumbnail(data: bytes, size: int) -> bytes:
    """The upright image in a WebP file, its longer side `size` pixels, or less if the image is smaller.

    Args:
        data: content of the image file.
        size: in pixels.

    Raises:
        NotAnImage: the format is not supported.
        TooManyPixels: the image is too large for the memory of this process.
        DecodeError: the file is damaged.
    """
    header = read_header(data)
    if header.format != "jpeg" and header.pixels > _MAX_PIXELS:
        raise TooManyPixels(
            f"a {NAMES[header.format]} file of {header.pixels:,} pixels has no thumbnail: at most {_MAX_PIXELS:,}"
        )

    def shrink(width: int, height: int) -> int:
        return next((times for times in (8, 4, 2) if max(width, height) >= times * size), 1)

    pixels = decode(data, "RGB", shrink).pixels
    height, width = pixels.shape[:2]
    factor = size / max(width, height)
    if factor < 1:
        fitted = (max(1, round(width * factor)), max(1, round(height * factor)))
        pixels = as_pixels(cv2.resize(pixels, fitted, interpolation=cv2.INTER_AREA), 3)
    file = io.BytesIO()
    # The plugin registers itself when it is imported; for an unknown format, Pillow would import all plugins.
    Image.fromarray(pixels).save(file, WebPImagePlugin.WebPImageFile.format, quality=_QUALITY, method=_EFFORT)
    return file.getvalue()
