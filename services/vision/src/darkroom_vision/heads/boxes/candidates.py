"""Candidates: the boxes of one image whose score reaches the threshold, before overlapping ones are dropped."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt

from darkroom_vision.heads.base import Frame
from darkroom_vision.heads.json_numbers import require_finite
from darkroom_vision.model.session import Value

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Candidates:
    """Predictions with boxes of one image.

    Attributes:
        boxes: (n, 4): x1 y1 x2 y2 in pixels of the model's input. For an oriented box, before rotation.
        scores: (n).
        classes: (n): indices into the labels.
        extra: (n, k): additional numbers for each box: an angle, mask coefficients, keypoints.
        rows: (n): the box's row in the model's output, to look up its values in other outputs.
    """

    boxes: Floats
    scores: Floats
    classes: Integers
    extra: Floats
    rows: Integers

    @classmethod
    def of(
        cls,
        name: str,
        boxes: npt.NDArray[Any],
        scores: npt.NDArray[Any],
        classes: npt.NDArray[Any],
        rows: npt.NDArray[Any],
        extra: npt.NDArray[Any] | None = None,
    ) -> Self:
        """Candidates from arrays of any numeric type; `name` is the output, for errors.

        Raises:
            InferenceError: a box or score is NaN or infinite.
        """
        more = np.empty((len(scores), 0), np.float32) if extra is None else extra.astype(np.float32)
        for array in (boxes, scores, more):
            require_finite(name, array)
        return cls(
            boxes.astype(np.float32),
            scores.astype(np.float32),
            classes.astype(np.int64),
            more,
            rows.astype(np.int64),
        )

    def __len__(self) -> int:
        return len(self.scores)

    def take(self, chosen: npt.NDArray[Any]) -> "Candidates":
        """The candidates at the indices `chosen`."""
        return Candidates(
            self.boxes[chosen], self.scores[chosen], self.classes[chosen], self.extra[chosen], self.rows[chosen]
        )


class Decoder(Protocol):
    """Reads one format. Immutable, so that threads can share it."""

    def decode(self, outputs: Sequence[Value], frame: Frame) -> Candidates:
        """The candidates among the outputs for one image.

        Raises:
            InferenceError: an output is not finite.
        """
        ...


def from_centres(boxes: npt.NDArray[Any]) -> Floats:
    """(n, 4): cx cy w h -> x1 y1 x2 y2, in the same unit."""
    centres, halves = boxes[:, :2].astype(np.float32), boxes[:, 2:4].astype(np.float32) / 2
    return np.concatenate([centres - halves, centres + halves], axis=1)


def scaled(boxes: Floats, size: tuple[float, float]) -> Floats:
    """(n, 4): x1 y1 x2 y2 multiplied by (width, height)."""
    return boxes * np.array([*size, *size], np.float32)
