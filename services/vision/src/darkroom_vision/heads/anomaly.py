"""Anomaly: `{"anomaly": {"score", "anomalous", "mask"}}`."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from darkroom_vision.heads.base import Frame, Result, outputs_of
from darkroom_vision.heads.class_map import NO_CLASS, class_runs, masks_by_class
from darkroom_vision.heads.json_numbers import require_finite, shortened
from darkroom_vision.heads.run_lengths import mask_of_part
from darkroom_vision.model.session import Value

DEFAULT_THRESHOLD = 0.5
"""Anomalib normalises scores so that its threshold becomes 0.5."""


@dataclass(frozen=True, slots=True)
class AnomalyHead:
    """Reads an Anomalib model. Outputs are given by position; None if the model does not have them.

    Attributes:
        score: (1) or (1, 1); without it, the score is the highest value of the map.
        label: whether the image is anomalous; used if the stage sets no threshold.
        heat: (1, 1, H, W): anomaly score of each pixel.
        mask: (1, 1, H, W): whether each pixel is anomalous; used if the stage sets no threshold.
        threshold: `output.threshold` of the stage; None if it sets none.
    """

    score: int | None
    label: int | None
    heat: int | None
    mask: int | None
    threshold: float | None

    def results(self, outputs: Sequence[Value], frames: Sequence[Frame]) -> list[Result]:
        """See `Head.results`."""
        return [self._result(outputs_of(outputs, i, len(frames)), frame) for i, frame in enumerate(frames)]

    def _result(self, outputs: Sequence[Value], frame: Frame) -> Result:
        score, label = self._number(outputs, self.score), self._number(outputs, self.label)
        heat, mask = self._map(outputs, self.heat), self._map(outputs, self.mask)
        found = score if score is not None else float(heat.max()) if heat is not None else math.nan
        require_finite("pred_score", np.array(found))
        threshold = DEFAULT_THRESHOLD if self.threshold is None else self.threshold
        anomalous = bool(label) if self.threshold is None and label is not None else found >= threshold
        (shown,) = shortened(np.array([found], np.float64))
        pixels = None if heat is None else heat >= threshold
        if mask is not None and self.threshold is None:
            pixels = mask.astype(bool)
        result: dict[str, Any] = {"score": shown, "anomalous": anomalous}
        if pixels is not None:
            result["mask"] = _mask(pixels, frame)
        return {"anomaly": result}

    @staticmethod
    def _number(outputs: Sequence[Value], index: int | None) -> float | None:
        return None if index is None else float(np.asarray(outputs[index]).ravel()[0])

    @staticmethod
    def _map(outputs: Sequence[Value], index: int | None) -> npt.NDArray[Any] | None:
        if index is None:
            return None
        array = np.asarray(outputs[index])
        return array.reshape(array.shape[-2:])


def _mask(pixels: npt.NDArray[np.bool_], frame: Frame) -> dict[str, Any]:
    runs = class_runs(np.where(pixels, 0, NO_CLASS).astype(np.int16), frame)
    for _, _, mask in masks_by_class(runs):
        return mask
    return mask_of_part(np.zeros((0, 0), bool), (0, 0), frame.size)
