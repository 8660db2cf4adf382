"""Segmentation: `{"classes": [{"label", "index", "fraction", "mask"}]}`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from darkroom_vision.failures import InferenceError
from darkroom_vision.heads.base import Frame, Result, label_of, rows
from darkroom_vision.heads.class_map import NO_CLASS, best_classes, class_runs, masks_by_class
from darkroom_vision.heads.json_numbers import require_finite
from darkroom_vision.model.session import Value

MapFormat = Literal["Logits", "ClassIds", "Probability"]

_FRACTION_DIGITS = 6
_LOGITS_RANK = 3


@dataclass(frozen=True, slots=True)
class SegmentationHead:
    """The classes in the image, largest first, with their fraction of the image's pixels and a mask.

    Attributes:
        threshold: for the format Probability: pixels of at least this value belong to class 0, others to no class.
    """

    index: int
    name: str
    labels: tuple[str, ...]
    format: MapFormat
    threshold: float

    def results(self, outputs: Sequence[Value], frames: Sequence[Frame]) -> list[Result]:
        """See `Head.results`."""
        values = rows(self.name, outputs[self.index], len(frames))
        return [self._result(np.asarray(value), frame) for value, frame in zip(values, frames, strict=True)]

    def _result(self, value: npt.NDArray[Any], frame: Frame) -> Result:
        require_finite(self.name, value)
        runs = class_runs(self._classes(value[0], frame), frame)
        pixels = frame.size[0] * frame.size[1]
        return {
            "classes": [
                {
                    "label": label_of(self.labels, index),
                    "index": index,
                    "fraction": round(count / pixels, _FRACTION_DIGITS),
                    "mask": mask,
                }
                for index, count, mask in masks_by_class(runs)
            ]
        }

    def _classes(self, value: npt.NDArray[Any], frame: Frame) -> npt.NDArray[np.int16]:
        if self.format == "Logits":
            if value.ndim != _LOGITS_RANK:
                raise InferenceError(f"the model's output {self.name!r} has the shape {value.shape} for one image")
            return best_classes(value, frame.input_size)
        plane = value.reshape(value.shape[-2:])
        if self.format == "ClassIds":
            return np.asarray(np.rint(plane), np.int16)
        return np.where(plane >= self.threshold, 0, NO_CLASS).astype(np.int16)
