"""Decoders of models that suppress overlapping boxes themselves and output boxes, classes and scores as tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from darkroom_vision.heads.base import Frame
from darkroom_vision.heads.boxes.candidates import Candidates, scaled
from darkroom_vision.heads.json_numbers import require_finite
from darkroom_vision.model.session import Value

Unit = Literal["InputPixels", "Fraction", "TimesImageSize", "ByScaleFactor"]
"""Pixels of the model's input; 0 to 1 over the input; 0 to 1 over the input times the size of the image; pixels of the
input divided by the scale factor of the resize."""

_BOX = 4


@dataclass(frozen=True, slots=True)
class SeparateTables:
    """Boxes (n, 4), classes (n) and scores (n), with or without an axis for the batch.

    Attributes:
        y_first: boxes are y1 x1 y2 x2, not x1 y1 x2 y2.
        first_class: the number of the first class: 1 if 0 is the background.
        count: the output with the number of rows in use; None if all are.
    """

    boxes: int
    classes: int
    scores: int
    name: str
    threshold: float
    unit: Unit
    y_first: bool = False
    first_class: int = 0
    count: int | None = None

    def decode(self, outputs: Sequence[Value], frame: Frame) -> Candidates:
        """See `Decoder.decode`."""
        boxes = np.asarray(outputs[self.boxes]).reshape(-1, _BOX)
        scores = np.asarray(outputs[self.scores]).ravel()
        classes = np.asarray(outputs[self.classes]).ravel()
        if self.count is not None:
            filled = int(np.asarray(outputs[self.count]).ravel()[0])
            scores = scores[:filled]
        require_finite(self.name, scores)
        found = np.rint(classes[: len(scores)]) - self.first_class
        rows = np.flatnonzero((scores >= self.threshold) & (found >= 0))
        corners = boxes[rows][:, [1, 0, 3, 2]] if self.y_first else boxes[rows]
        return Candidates.of(self.name, in_input_pixels(corners, self.unit, frame), scores[rows], found[rows], rows)


@dataclass(frozen=True, slots=True)
class PaddleRows:
    """(n, 6): class, score, x1 y1 x2 y2. The class of an unused row is -1."""

    index: int
    name: str
    threshold: float
    unit: Unit

    def decode(self, outputs: Sequence[Value], frame: Frame) -> Candidates:
        """See `Decoder.decode`."""
        table = np.asarray(outputs[self.index]).reshape(-1, 2 + _BOX)
        require_finite(self.name, table[:, 1])
        rows = np.flatnonzero((table[:, 1] >= self.threshold) & (table[:, 0] >= 0))
        kept = table[rows]
        boxes = in_input_pixels(kept[:, 2:], self.unit, frame)
        return Candidates.of(self.name, boxes, kept[:, 1], np.rint(kept[:, 0]), rows)


def in_input_pixels(boxes: npt.NDArray[Any], unit: Unit, frame: Frame) -> npt.NDArray[np.float32]:
    """(n, 4): x1 y1 x2 y2 in `unit` -> in pixels of the model's input."""
    corners = boxes.astype(np.float32)
    (width, height), (input_width, input_height) = frame.size, frame.input_size
    if unit == "Fraction":
        return scaled(corners, (input_width, input_height))
    if unit == "TimesImageSize":
        return scaled(corners, (input_width / width, input_height / height))
    if unit == "ByScaleFactor":
        across, down = frame.to_image.scale
        return scaled(corners, (1 / across, 1 / down))
    return corners
