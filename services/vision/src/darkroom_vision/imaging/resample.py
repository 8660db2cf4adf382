"""Resizing pixels: with Pillow's filters, with OpenCV's, and with a fast approximation.

Models are trained with one of the first two, which differ. Pillow's filters widen when downscaling, so that every pixel
counts; OpenCV's bilinear and bicubic filters always read the 4 or 16 nearest pixels.
"""

import math
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from darkroom.api.input import Interpolation
from darkroom_vision.imaging.geometry import Fit
from darkroom_vision.imaging.pixels import Pixels, as_pixels

_PILLOW = {
    "Bilinear": Image.Resampling.BILINEAR,
    "Bicubic": Image.Resampling.BICUBIC,
    "Nearest": Image.Resampling.NEAREST,
    "Area": Image.Resampling.BOX,
}
_OPENCV = {
    "Bilinear": cv2.INTER_LINEAR,
    "Bicubic": cv2.INTER_CUBIC,
    "Nearest": cv2.INTER_NEAREST_EXACT,  # INTER_NEAREST is half a pixel off
    "Area": cv2.INTER_AREA,
}
_MARGIN = 2
"""Pixels around a part that the filters also read."""
_SOFTEN_FROM = 1.2
"""Below this factor, a linear resize differs from the antialiased one by less than a level on average (photos)."""


def resize_as_pillow(pixels: Pixels, fitting: Fit, interpolation: Interpolation) -> Pixels:
    """Uint8 (h, w, c) -> uint8 (height, width, c): the part of `fitting`, resized to its inner size.

    Gives the pixels of Pillow's `Image.resize` with the part as `box`. Takes 4 bytes of memory per pixel of the image.
    """
    height, width, channels = pixels.shape
    left, top = fitting.corner
    box = (left, top, min(width, left + fitting.size[0]), min(height, top + fitting.size[1]))
    if box == (0, 0, width, height) and fitting.inner == (width, height):
        return np.ascontiguousarray(pixels)
    # `Image.fromarray` finds out the same, in the time that a small image takes to be resized.
    mode = "L" if channels == 1 else "RGB"
    image = Image.frombuffer(mode, (width, height), np.ascontiguousarray(pixels), "raw", mode, 0, 1)
    resized = image.resize(fitting.inner, _PILLOW[interpolation], box)
    return as_pixels(np.asarray(resized), channels)


def resize_as_opencv(pixels: Pixels, fitting: Fit, interpolation: Interpolation) -> Pixels:
    """Uint8 (h, w, c) -> uint8 (height, width, c): the part of `fitting`, resized to its inner size.

    For a part of whole pixels, gives the pixels of `cv2.resize`. For other parts, they are within two levels of
    `cv2.resize` of the whole image, cropped afterwards: `cv2.warpAffine` has a resolution of 1/32 pixel.

    If Area shrinks one side and enlarges the other, `cv2.resize` is off by half a pixel of the result; Pillow is not.
    """
    part = fitting.whole_pixels
    scales = fitting.to_image.scale
    is_off = interpolation == "Area" and min(scales) < 1 < max(scales)
    if part is not None and not is_off:
        return as_pixels(cv2.resize(pixels[part], fitting.inner, interpolation=_OPENCV[interpolation]), pixels.shape[2])
    if interpolation in ("Nearest", "Area"):
        return resize_as_pillow(pixels, fitting, interpolation)
    (x, y), (left, top) = scales, fitting.corner
    to_pixels = np.array([[x, 0, left + (x - 1) / 2], [0, y, top + (y - 1) / 2]])  # from centre to centre
    flags = _OPENCV[interpolation] | cv2.WARP_INVERSE_MAP
    warped = cv2.warpAffine(pixels, to_pixels, fitting.inner, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return as_pixels(warped, pixels.shape[2])


def resize_a_little(pixels: Pixels, fitting: Fit) -> Pixels:
    """Approximates Pillow's bilinear filter in a fifth of the time, for shrinking to no less than half of each side.

    A linear resize, after a three-tap blur if pixels would be skipped. The variances of blur and linear resize add up
    to that of Pillow's triangle filter.
    """
    across, down = fitting.to_image.scale
    pixels, fitting = _cut(pixels, fitting)
    if max(across, down) < _SOFTEN_FROM:
        return resize_as_opencv(pixels, fitting, "Bilinear")
    softened = cv2.sepFilter2D(pixels, -1, _soft(across), _soft(down), borderType=cv2.BORDER_REPLICATE)
    return resize_as_opencv(as_pixels(softened, pixels.shape[2]), fitting, "Bilinear")


def _cut(pixels: Pixels, fitting: Fit) -> tuple[Pixels, Fit]:
    """The pixels of the part with `_MARGIN` around it, and the fit for them."""
    (left, top), (width, height) = fitting.corner, fitting.size
    if fitting.size == fitting.image:
        return pixels, fitting
    x, y = max(0, math.floor(left) - _MARGIN), max(0, math.floor(top) - _MARGIN)
    cut = pixels[y : math.ceil(top + height) + _MARGIN, x : math.ceil(left + width) + _MARGIN]
    return cut, replace(fitting, image=(cut.shape[1], cut.shape[0]), corner=(left - x, top - y))


def _soft(shrink: float) -> npt.NDArray[np.float32]:
    side = max(0.0, (shrink * shrink - 1) / 12)
    return np.array([side, 1 - 2 * side, side], np.float32)
