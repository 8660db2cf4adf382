"""Decoders of the YOLO formats. The output for an image is a table of A predictions for nc classes.

Source of the layouts: the ONNX exporters of ultralytics/ultralytics, ultralytics/yolov5 and Megvii-BaseDetection/YOLOX.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from darkroom_vision.failures import InferenceError
from darkroom_vision.families.pyramid import grid
from darkroom_vision.heads.base import Frame
from darkroom_vision.heads.boxes.candidates import Candidates, Floats, from_centres
from darkroom_vision.heads.json_numbers import require_finite
from darkroom_vision.imaging.geometry import Size
from darkroom_vision.model.session import Value

BOX = 4


@dataclass(frozen=True, slots=True)
class YoloV8:
    """(4 + nc + extra, A), or transposed: cx cy w h in input pixels, a score for each class, then the extra numbers.

    `radians`: the extra number is an angle in radians, which is converted to degrees.
    """

    index: int
    name: str
    classes: int
    threshold: float
    transposed: bool = False
    radians: bool = False

    def decode(self, outputs: Sequence[Value], frame: Frame) -> Candidates:  # noqa: ARG002 - boxes are in input pixels
        """See `Decoder.decode`."""
        table = _table(self.name, outputs[self.index])
        if self.transposed:
            table = table.T
        scores = table[BOX : BOX + self.classes]
        best = scores.max(axis=0)
        require_finite(self.name, best)
        rows = np.flatnonzero(best >= self.threshold)
        extra = table[BOX + self.classes :, rows].T
        return Candidates.of(
            self.name,
            from_centres(table[:BOX, rows].T),
            best[rows],
            scores[:, rows].argmax(axis=0),
            rows,
            np.degrees(extra.astype(np.float32)) if self.radians else extra,
        )


@dataclass(frozen=True, slots=True)
class YoloV5:
    """(A, 5 + nc + extra): cx cy w h in input pixels, objectness, a score for each class, then the extra numbers.

    The score of a prediction is objectness x class score. `on_grid`: raw boxes of YOLOX, relative to the cells of a
    grid: centre = (xy + cell) * stride, size = exp(wh) * stride.
    """

    index: int
    name: str
    classes: int
    threshold: float
    on_grid: bool = False

    def decode(self, outputs: Sequence[Value], frame: Frame) -> Candidates:
        """See `Decoder.decode`."""
        table = _table(self.name, outputs[self.index])
        objectness = table[:, BOX]
        require_finite(self.name, objectness)
        likely = np.flatnonzero(objectness >= self.threshold)  # no score is higher than the objectness
        scores = table[likely, BOX + 1 : BOX + 1 + self.classes] * objectness[likely, None]
        best = scores.max(axis=1, initial=0)
        chosen = np.flatnonzero(best >= self.threshold)
        rows = likely[chosen]
        boxes = table[rows, :BOX].astype(np.float32)
        if self.on_grid:
            boxes = _off_grid(self.name, boxes, rows, frame.input_size, len(table))
        return Candidates.of(
            self.name,
            from_centres(boxes),
            best[chosen],
            scores[chosen].argmax(axis=1) if len(chosen) else chosen,
            rows,
            table[rows, BOX + 1 + self.classes :],
        )


@dataclass(frozen=True, slots=True)
class YoloEndToEnd:
    """(A, 6 + extra) after suppression in the graph: x1 y1 x2 y2 in input pixels, score, class, the extra numbers.

    `radians`: oriented boxes, which Ultralytics gives as cx cy w h, with the angle as the extra number.
    """

    index: int
    name: str
    threshold: float
    radians: bool = False

    def decode(self, outputs: Sequence[Value], frame: Frame) -> Candidates:  # noqa: ARG002 - boxes are in input pixels
        """See `Decoder.decode`."""
        table = _table(self.name, outputs[self.index])
        require_finite(self.name, table[:, BOX])
        rows = np.flatnonzero(table[:, BOX] >= self.threshold)
        kept = table[rows].astype(np.float32)
        boxes, extra = kept[:, :BOX], kept[:, BOX + 2 :]
        if self.radians:
            boxes, extra = from_centres(boxes), np.degrees(extra)
        return Candidates.of(self.name, boxes, kept[:, BOX], np.rint(kept[:, BOX + 1]), rows, extra)


def _off_grid(name: str, boxes: Floats, rows: npt.NDArray[np.int64], size: Size, predictions: int) -> Floats:
    found = grid(size, predictions)
    if found is None:
        raise InferenceError(
            f"the model's output {name!r} has {predictions} predictions, no grid of {size[0]} x {size[1]} pixels"
        )
    cells, strides = found[0][rows], found[1][rows]
    with np.errstate(over="ignore"):  # infinite sizes raise an InferenceError later
        return np.concatenate([(boxes[:, :2] + cells) * strides, np.exp(boxes[:, 2:]) * strides], axis=1)


def _table(name: str, value: Value) -> npt.NDArray[Any]:
    """(1, a, b) -> (a, b)."""
    array = np.asarray(value)
    if array.ndim != 3:  # noqa: PLR2004 - a batch of tables
        raise InferenceError(f"the model's output {name!r} has the shape {array.shape} for one image")
    return np.asarray(array[0])
