"""Instance masks: each prediction also has `"mask": {"size", "counts"}`, in COCO's run-length encoding."""

from collections.abc import Sequence
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
        prototypes = np.asarray(outputs[self.prototypes])[0].astype(np.float32)
        require_finite(self.name, prototypes)
        count, height, width = prototypes.shape
        logits = (kept.extra[:, :count] @ prototypes.reshape(count, -1)).reshape(-1, height, width)
        return [{"mask": _mask(plane, box, frame)} for plane, box in zip(logits, boxes, strict=True)]


@dataclass(frozen=True, slots=True)
class PastedMasks:
    """torchvision's Mask R-CNN: probabilities (n, 1, h, w) over the whole input; the mask is > 0.5, cut to the box."""

    masks: int
    name: str

    def of(self, kept: Candidates, boxes: Doubles, outputs: Sequence[Value], frame: Frame) -> list[dict[str, Any]]:
        """See `Details.of`."""
        planes = np.asarray(outputs[self.masks])[kept.rows, 0].astype(np.float32)
        require_finite(self.name, planes)
        return [{"mask": _mask(plane - _HALF, box, frame)} for plane, box in zip(planes, boxes, strict=True)]


def _mask(plane: Floats, box: npt.NDArray[np.float64], frame: Frame) -> dict[str, Any]:
    """The pixels of `box` (x1 y1 x2 y2 of the image) whose centre has a value above 0 in `plane`.

    `plane` covers the model's input and is interpolated linearly.
    """
    left, top = np.ceil(box[:2] - _HALF).astype(int).clip(0)
    right, bottom = np.ceil(box[2:] - _HALF).astype(int).clip(0, frame.size)
    if right <= left or bottom <= top:
        return mask_of_part(np.zeros((0, 0), bool), (0, 0), frame.size)
    height, width = plane.shape
    (scale_x, scale_y), (offset_x, offset_y) = frame.to_image.scale, frame.to_image.offset
    to_plane_x, to_plane_y = width / frame.input_size[0] / scale_x, height / frame.input_size[1] / scale_y
    from_pixels = np.array(
        [
            [to_plane_x, 0, (left + _HALF - offset_x) * to_plane_x - _HALF],
            [0, to_plane_y, (top + _HALF - offset_y) * to_plane_y - _HALF],
        ]
    )
    part = cv2.warpAffine(
        plane,
        from_pixels,
        (int(right - left), int(bottom - top)),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return mask_of_part(part > 0, (int(left), int(top)), frame.size)
