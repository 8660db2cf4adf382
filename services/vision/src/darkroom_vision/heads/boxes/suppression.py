"""Non-maximum suppression with OpenCV: of boxes that overlap, only the one with the highest score stays."""

from dataclasses import dataclass

import cv2
import numpy as np

from darkroom_vision.heads.boxes.candidates import Candidates, Integers

_MOST_COMPARED = 2_000
"""OpenCV compares all pairs: 2,000 boxes without overlap take about a third of a second."""


@dataclass(frozen=True, slots=True)
class Suppression:
    """Settings of non-maximum suppression.

    Attributes:
        iou: of two boxes with a higher intersection over union, the one with the lower score is dropped. None if the
            model suppresses overlapping boxes itself.
        class_agnostic: compare boxes of different classes too.
        most: maximum number of candidates to keep.
    """

    iou: float | None
    class_agnostic: bool
    most: int

    def kept(self, candidates: Candidates) -> Candidates:
        """The candidates that remain, at most `most`, highest score first."""
        best_first = np.argsort(-candidates.scores, kind="stable")
        if self.iou is None or len(candidates) <= 1:
            return candidates.take(best_first[: self.most])
        compared = candidates.take(best_first[:_MOST_COMPARED])
        x1y1, x2y2 = compared.boxes[:, :2], compared.boxes[:, 2:]
        kept = cv2.dnn.NMSBoxesBatched(
            np.concatenate([x1y1, x2y2 - x1y1], axis=1).tolist(),
            _descending(compared),
            self._groups(compared).tolist(),
            0.0,
            self.iou,
        )
        return compared.take(np.asarray(kept, np.int64)[: self.most])

    def kept_oriented(self, candidates: Candidates) -> Candidates:
        """The same for oriented boxes, whose angle in degrees is the first number of `extra`."""
        best_first = np.argsort(-candidates.scores, kind="stable")
        if self.iou is None or len(candidates) <= 1:
            return candidates.take(best_first[: self.most])
        compared = candidates.take(best_first[:_MOST_COMPARED])
        centres, sizes = (
            (compared.boxes[:, :2] + compared.boxes[:, 2:]) / 2,
            compared.boxes[:, 2:] - compared.boxes[:, :2],
        )
        # OpenCV has no class-wise suppression of rotated boxes: boxes of different classes are moved apart.
        span = float(np.ptp(compared.boxes)) + float(sizes.sum(axis=1).max()) + 1
        centres = centres + self._groups(compared)[:, None] * span
        boxes = zip(centres.tolist(), sizes.tolist(), compared.extra[:, 0].tolist(), strict=True)
        kept = cv2.dnn.NMSBoxesRotated([(c, s, a) for c, s, a in boxes], _descending(compared), 0.0, self.iou)
        return compared.take(np.asarray(kept, np.int64)[: self.most])

    def _groups(self, candidates: Candidates) -> Integers:
        """The group of each candidate (n): only boxes of the same group are compared."""
        if self.class_agnostic:
            return np.zeros(len(candidates), np.int64)
        return np.unique(candidates.classes, return_inverse=True)[1]


def _descending(compared: Candidates) -> list[float]:
    """Descending scores to pass to OpenCV, which drops boxes with a score of 0 whatever the threshold."""
    return np.arange(len(compared), 0, -1, dtype=np.float64).tolist()
