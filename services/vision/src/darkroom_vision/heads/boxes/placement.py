"""Mapping boxes from the model's input to the upright image."""

import numpy as np
import numpy.typing as npt

from darkroom_vision.heads.base import Frame
from darkroom_vision.heads.boxes.candidates import Floats

Doubles = npt.NDArray[np.float64]
_HALF_TURN = 180.0


def in_image(boxes: Floats, frame: Frame) -> tuple[Doubles, npt.NDArray[np.int64]]:
    """x1 y1 x2 y2 (n, 4) in the input -> in the image, clipped to it; and the indices of those with an area left."""
    scale, offset = np.tile(frame.to_image.scale, 2), np.tile(frame.to_image.offset, 2)
    corners = boxes.astype(np.float64) * scale + offset
    corners = np.clip(corners, 0, np.tile(frame.size, 2).astype(np.float64))
    kept = np.flatnonzero((corners[:, 2] > corners[:, 0]) & (corners[:, 3] > corners[:, 1]))
    return corners[kept], kept


def oriented_in_image(boxes: Floats, degrees: Floats, frame: Frame) -> tuple[Doubles, npt.NDArray[np.int64]]:
    """Boxes (n, 4) x1 y1 x2 y2 before rotation, and angles (n) -> (n, 5): cx cy width height angle of the image.

    Nothing is clipped; boxes whose centre is outside the image are left out. If the input does not have the image's
    aspect ratio, a rotated rectangle becomes a parallelogram: the result is the rectangle along its first side with
    the same area.
    """
    corners = boxes.astype(np.float64)
    scale, offset = np.array(frame.to_image.scale), np.array(frame.to_image.offset)
    centres = (corners[:, :2] + corners[:, 2:]) / 2 * scale + offset
    width, height = (corners[:, 2:] - corners[:, :2]).T
    angles = np.radians(degrees.astype(np.float64))
    sides = np.stack([np.cos(angles) * width, np.sin(angles) * width], axis=1) * scale
    lengths = np.hypot(sides[:, 0], sides[:, 1])
    kept = np.flatnonzero((lengths > 0) & (height > 0) & np.all((centres >= 0) & (centres <= frame.size), axis=1))
    turned = np.degrees(np.arctan2(sides[:, 1], sides[:, 0])) % _HALF_TURN
    areas = width * height * scale[0] * scale[1]
    rectangles = np.stack([lengths, areas / np.where(lengths > 0, lengths, 1), turned], axis=1)
    return np.concatenate([centres, rectangles], axis=1)[kept], kept
