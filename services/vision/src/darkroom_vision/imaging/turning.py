"""EXIF orientation of JPEG files, which TurboJPEG leaves to its caller. OpenCV obeys it in every other format."""

import struct

import cv2

from darkroom_vision.imaging.geometry import Size, Transform
from darkroom_vision.imaging.pixels import Pixels, as_pixels

_MAX_SEGMENTS = 4_096
_ORIENTATION_TAG = 0x0112
_ORIENTATIONS = range(1, 9)
_FIRST_TRANSPOSED = 5
_EXIF_SEGMENT = 0xE1
_START_OF_SCAN = 0xDA
_ROTATION = {3: cv2.ROTATE_180, 6: cv2.ROTATE_90_CLOCKWISE, 8: cv2.ROTATE_90_COUNTERCLOCKWISE}
_FLIP = {2: 1, 4: 0}
_MIRRORS_X = (2, 3, 6, 7)
_MIRRORS_Y = (3, 4, 7, 8)
"""The upright picture's axis runs against the stored one's: x from the right, y from the bottom."""


def jpeg_orientation(data: bytes) -> int:
    """1..8 as EXIF counts; 1, which is upright, when the file says nothing or nonsense."""
    try:
        return _orientation_in_segments(data)
    except (struct.error, IndexError):
        return 1


def swaps_sides(orientation: int) -> bool:
    """Whether the upright picture's width is the stored one's height."""
    return orientation >= _FIRST_TRANSPOSED


def shrunk_to_upright(times: int, shrunk: Size, image: Size, orientation: int) -> Transform:
    """From an upright picture that a decoder made `times` smaller to the whole, upright image.

    Where the image's stored side is no multiple of `times`, the last pixel of the shrunk one reaches beyond the image:
    at the end of the stored side, which is the beginning of the upright one if `orientation` mirrors that.
    """
    beyond = (image[0] - times * shrunk[0], image[1] - times * shrunk[1])
    offset = (
        beyond[0] if orientation in _MIRRORS_X else 0,
        beyond[1] if orientation in _MIRRORS_Y else 0,
    )
    return Transform((times, times), offset)


def upright(pixels: Pixels, orientation: int) -> Pixels:
    """`pixels` (h, w, c) turned and mirrored as `orientation` asks."""
    channels = pixels.shape[2]
    if orientation in _ROTATION:
        turned = cv2.rotate(pixels, _ROTATION[orientation])
    elif orientation in _FLIP:
        turned = cv2.flip(pixels, _FLIP[orientation])
    elif orientation == _FIRST_TRANSPOSED:
        turned = cv2.transpose(pixels)
    elif orientation == _ORIENTATIONS[-2]:
        turned = cv2.rotate(cv2.transpose(pixels), cv2.ROTATE_180)
    else:
        return pixels
    return as_pixels(turned, channels)


def _orientation_in_segments(data: bytes) -> int:
    position = 2
    for _ in range(_MAX_SEGMENTS):
        position = data.find(b"\xff", position)
        marker = data[position + 1]
        if position < 0 or marker == _START_OF_SCAN:
            return 1
        if marker in (0xFF, 0x00, 0x01):
            position += 1
            continue
        (length,) = struct.unpack_from(">H", data, position + 2)
        body = position + 4
        if marker == _EXIF_SEGMENT and data[body : body + 6] == b"Exif\x00\x00":
            return _orientation_in_exif(data[body + 6 : position + 2 + length])
        position += 2 + max(2, length)
    return 1


def _orientation_in_exif(exif: bytes) -> int:
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None:
        return 1
    (directory,) = struct.unpack_from(order + "I", exif, 4)
    (count,) = struct.unpack_from(order + "H", exif, directory)
    for i in range(min(count, _MAX_SEGMENTS)):
        tag, _kind, _values, value = struct.unpack_from(order + "HHIH", exif, directory + 2 + 12 * i)
        if tag == _ORIENTATION_TAG:
            return value if value in _ORIENTATIONS else 1
    return 1
