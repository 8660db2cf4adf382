"""Applying an EXIF orientation to pixels, and its geometry."""

from functools import lru_cache
from typing import Final

import cv2

from darkroom_vision.imaging.geometry import Size, Transform
from darkroom_vision.imaging.pixels import Pixels, as_pixels

_KNOWN_SIZES: Final = 1_000
_FIRST_TRANSPOSED = 5
_ROTATION = {3: cv2.ROTATE_180, 6: cv2.ROTATE_90_CLOCKWISE, 8: cv2.ROTATE_90_COUNTERCLOCKWISE}
_FLIP = {2: 1, 4: 0}
_MIRRORS_X = (2, 3, 6, 7)
_MIRRORS_Y = (3, 4, 7, 8)
"""Orientations in which the x or y axis of the upright image runs opposite to the stored one."""


def upright_size(stored: Size, orientation: int) -> Size:
    """The size of the upright image: orientations 5 to 8 swap width and height."""
    return (stored[1], stored[0]) if orientation >= _FIRST_TRANSPOSED else stored


def upright(pixels: Pixels, orientation: int) -> Pixels:
    """`pixels` (h, w, c) rotated and mirrored by the EXIF `orientation`."""
    channels = pixels.shape[2]
    if orientation in _ROTATION:
        turned = cv2.rotate(pixels, _ROTATION[orientation])
    elif orientation in _FLIP:
        turned = cv2.flip(pixels, _FLIP[orientation])
    elif orientation >= _FIRST_TRANSPOSED:
        turned = cv2.transpose(pixels)
        if orientation > _FIRST_TRANSPOSED:
            turned = cv2.rotate(turned, cv2.ROTATE_180)
    else:
        return pixels
    return as_pixels(turned, channels)


@lru_cache(_KNOWN_SIZES)
def shrunk_to_upright(times: int, shrunk: Size, image: Size, orientation: int) -> Transform:
    """From the coordinates of an upright image that a decoder shrank by `times` to those of the upright original.

    If a stored side is no multiple of `times`, the last pixel of the shrunk image reaches beyond the original: at the
    end of the stored side, which is the beginning of the upright side if `orientation` mirrors it.
    """
    beyond = (image[0] - times * shrunk[0], image[1] - times * shrunk[1])
    offset = (
        beyond[0] if orientation in _MIRRORS_X else 0,
        beyond[1] if orientation in _MIRRORS_Y else 0,
    )
    return Transform((times, times), offset)
