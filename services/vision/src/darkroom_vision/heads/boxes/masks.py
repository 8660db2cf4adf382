"""Instance masks: each prediction also has `"mask": {"size", "counts"}`, in COCO's run-length encoding."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from darkroom_vision.heads.base import Frame
from darkroom_vision.heads.boxes.candidates import Candidates, Floats
from darkroom_vision.heads.boxes.placement import Doubles
from darkroom_vision.heads.json_numbers import require_finite
from darkroom_vision.heads.run_lengths import mask_of_part
from darkroom_vision.model.session import Value

_HALF = 0.5
_MARGIN = 1

Part = Callable[[slice, slice], Floats]


@dataclass(frozen=True, slots=True)
class PrototypeMasks:
    """YOLO-seg: the mask is sigmoid(coefficients x prototypes) > 0.5, cut to the box.

    Attributes:
        prototypes: position of the output of shape (1, M, h, w).
        name: its name, for errors.
    """

    prototypes: int
    name: str

    def of(self, kept: Candidates, boxes: Doubles, outputs: Sequence[Value], frame: Frame) -> list[dict[str, Any]]:
        """See `Details.of`."""
        prototypes = np.asarray(np.asarray(outputs[self.prototypes])[0], np.float32)
        require_finite(self.name, prototypes)
        coefficients = kept.extra[:, : len(prototypes)]

        def mask(one: Floats, box: npt.NDArray[np.float64]) -> dict[str, Any]:
            def logits(rows: slice, columns: slice) -> Floats:
                part = prototypes[:, rows, columns]
                return (one @ part.reshape(len(part), -1)).reshape(part.shape[1:])

            return _mask(logits, (prototypes.shape[1], prototypes.shape[2]), box, frame)

        return [{"mask": mask(one, box)} for one, box in zip(coefficients, boxes, strict=True)]


@dataclass(frozen=True, slots=True)
class PastedMasks:
    """torchvision's Mask R-CNN: probabilities (n, 1, h, w) over the whole input; the mask is > 0.5, cut to the box."""

    masks: int
    name: str

    def of(self, kept: Candidates, boxes: Doubles, outputs: Sequence[Value], frame: Frame) -> list[dict[str, Any]]:
        """See `Details.of`."""
        planes = np.asarray(outputs[self.masks])[kept.rows, 0].astype(np.float32)
        require_finite(self.name, planes)

        def mask(plane: Floats, box: npt.NDArray[np.float64]) -> dict[str, Any]:
            return _mask(lambda rows, columns: plane[rows, columns] - _HALF, plane.shape, box, frame)

        return [{"mask": mask(plane, box)} for plane, box in zip(planes, boxes, strict=True)]


def _mask(part_of: Part, shape: tuple[int, ...], box: npt.NDArray[np.float64], frame: Frame) -> dict[str, Any]:
    """The pixels of `box` (x1 y1 x2 y2 of the image) whose centre has a value above 0 in a plane over the input.

    Args:
        part_of: the part of the plane in the given rows and columns. It is interpolated linearly.
        shape: (h, w) of the plane.
        box: the box.
        frame: the image.
    """
    left, top = np.ceil(box[:2] - _HALF).astype(int).clip(0)
    right, bottom = np.ceil(box[2:] - _HALF).astype(int).clip(0, frame.size)
    if right <= left or bottom <= top:
        return mask_of_part(np.zeros((0, 0), bool), (0, 0), frame.size)
    (scale_x, scale_y), (offset_x, offset_y) = frame.to_image.scale, frame.to_image.offset
    step_x, step_y = shape[1] / frame.input_size[0] / scale_x, shape[0] / frame.input_size[1] / scale_y
    first_x, first_y = (left + _HALF - offset_x) * step_x - _HALF, (top + _HALF - offset_y) * step_y - _HALF
    columns = _around(first_x, first_x + (right - left) * step_x, shape[1])
    rows = _around(first_y, first_y + (bottom - top) * step_y, shape[0])
    part = cv2.warpAffine(
        part_of(rows, columns),
        np.array([[step_x, 0, first_x - columns.start], [0, step_y, first_y - rows.start]]),
        (int(right - left), int(bottom - top)),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return mask_of_part(part > 0, (int(left), int(top)), frame.size)


def _around(first: float, last: float, side: int) -> slice:
    """The cells of `side` that interpolation from `first` to `last` reads, at least one."""
    start = min(max(0, math.floor(first) - _MARGIN), side - 1)
    return slice(start, max(start + 1, min(side, math.ceil(last) + _MARGIN + 1)))
