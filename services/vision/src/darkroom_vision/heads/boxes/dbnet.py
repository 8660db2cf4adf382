"""Decoder of DBNet text detection: a probability map becomes one rotated rectangle per region.

Source of the steps and constants: PaddleOCR's DBPostProcess, with box_type "quad" and score_mode "fast".
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from darkroom_vision.heads.base import Frame
from darkroom_vision.heads.boxes.candidates import Candidates, Floats, from_centres
from darkroom_vision.heads.json_numbers import require_finite
from darkroom_vision.model.session import Value

DEFAULT_THRESHOLD = 0.6
_TEXT_PROBABILITY = 0.3
_UNCLIP = 1.5
_SHORTEST_SIDE = 3
_MOST_REGIONS = 1_000
_EIGHTH_TURN = 45


@dataclass(frozen=True, slots=True)
class DbNet:
    """(1, 1, H, W) probabilities from 0 to 1. The score of a region is the mean over its rectangle.

    DBNet is trained on shrunk regions, so each rectangle grows by area * 1.5 / perimeter on all sides. The extra number
    is the angle in degrees.
    """

    index: int
    name: str
    threshold: float
    upright: bool
    """Whether boxes are the upright boxes around the rectangles."""

    def decode(self, outputs: Sequence[Value], frame: Frame) -> Candidates:
        """See `Decoder.decode`."""
        array = np.asarray(outputs[self.index])
        probabilities = array.reshape(array.shape[-2:]).astype(np.float32)
        require_finite(self.name, probabilities)
        bitmap = (probabilities > _TEXT_PROBABILITY).astype(np.uint8)
        contours, _ = cv2.findContours(bitmap, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
        found, scores = [], []
        for contour in contours[:_MOST_REGIONS]:
            centre, (width, height), angle = cv2.minAreaRect(contour)
            if min(width, height) < _SHORTEST_SIDE:
                continue
            score = _mean_inside(probabilities, np.asarray(cv2.boxPoints((centre, (width, height), angle)), np.float32))
            if angle > _EIGHTH_TURN:  # the same rectangle, described from the side nearer to the horizontal
                width, height, angle = height, width, angle - 2 * _EIGHTH_TURN
            grown = 2 * width * height * _UNCLIP / (2 * (width + height))
            if score >= self.threshold:
                scores.append(score)
                found.append((*centre, width + grown, height + grown, angle))
        rectangles = np.array(found, np.float32).reshape(-1, 5)
        # OpenCV's contours run through pixel centres, which are half a pixel from the corners.
        rectangles[:, :2] += 0.5
        scale = np.array(frame.input_size, np.float32) / np.array(probabilities.shape[::-1], np.float32)
        rectangles[:, :4] *= np.tile(scale, 2)
        boxes = _around(rectangles) if self.upright else from_centres(rectangles[:, :4])
        count = np.arange(len(scores))
        return Candidates.of(
            self.name, boxes, np.array(scores, np.float32), np.zeros_like(count), count, rectangles[:, 4:]
        )


def _mean_inside(
    probabilities: Floats,
    corners: Floats,
) -> float:
    height, width = probabilities.shape
    left, top = np.clip(np.floor(corners.min(axis=0)), 0, (width - 1, height - 1)).astype(int)
    right, bottom = np.clip(np.ceil(corners.max(axis=0)), 0, (width - 1, height - 1)).astype(int)
    inside = np.zeros((bottom - top + 1, right - left + 1), np.uint8)
    cv2.fillPoly(inside, [(corners - (left, top)).astype(np.int32)], 1)
    return float(cv2.mean(probabilities[top : bottom + 1, left : right + 1], inside)[0])


def _around(
    rectangles: Floats,
) -> Floats:
    """(n, 5): cx cy w h angle -> (n, 4): x1 y1 x2 y2 of the upright box around each."""
    angles = np.radians(rectangles[:, 4])
    cos, sin = np.abs(np.cos(angles)), np.abs(np.sin(angles))
    width, height = rectangles[:, 2], rectangles[:, 3]
    sizes = np.stack([width * cos + height * sin, width * sin + height * cos], axis=1)
    return from_centres(np.concatenate([rectangles[:, :2], sizes], axis=1))
