"""Classification and MultiLabel: `{"predictions": [{"label", "index", "score"}]}`."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, isfinite, tanh
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from darkroom_vision.heads.base import Frame, Result, label_of, rows
from darkroom_vision.heads.json_numbers import not_finite, require_finite, shortened, shorter
from darkroom_vision.model.session import Value

Activation = Literal["Softmax", "Sigmoid", "None"]

_FEW: Final = 32
"""Up to this number of classes, Python's numbers are faster than NumPy's arrays."""


@dataclass(frozen=True, slots=True)
class ClassificationHead:
    """The best `top_k` classes (None: all) with a score of at least `threshold`. `labels` may be empty."""

    index: int
    name: str
    labels: tuple[str, ...]
    top_k: int | None
    threshold: float
    activation: Activation

    def results(self, outputs: Sequence[Value], frames: Sequence[Frame]) -> list[Result]:
        """See `Head.results`. Best class first; equal scores by index."""
        if len(frames) == 1:
            return [self._predictions(outputs[self.index])]
        return [self._predictions(row) for row in rows(self.name, outputs[self.index], len(frames))]

    def _predictions(self, row: Value) -> Result:
        if not isinstance(row, list) and row.size <= _FEW:
            return self._of_few(row.ravel().tolist())
        raw, own_labels = raw_scores(row)
        require_finite(self.name, raw)
        labels = self.labels or own_labels
        scores = _activated(raw, self.activation)
        best = (-scores).argsort(kind="stable")[: self.top_k]
        return {
            "predictions": [
                {"label": label_of(labels, i), "index": i, "score": score}
                for i, score in zip(best.tolist(), shortened(scores[best]), strict=True)
                if score >= self.threshold
            ]
        }

    def _of_few(self, raw: list[float]) -> Result:
        """As `_predictions`."""
        if not all(map(isfinite, raw)):
            raise not_finite(self.name)
        labels, scores = self.labels, _activated_few(raw, self.activation)
        predictions = []
        for i in sorted(range(len(scores)), key=scores.__getitem__, reverse=True)[: self.top_k]:
            score = shorter(scores[i])
            if score >= self.threshold:
                predictions.append({"label": label_of(labels, i), "index": i, "score": score})
        return {"predictions": predictions}


def holds_scores(value: Value) -> bool:
    """Whether an output for one image can be the scores of classes."""
    if isinstance(value, list):
        return len(value) == 1 and isinstance(value[0], dict)
    return value.dtype.kind == "f" and value.ndim > 0 and value.size == max(value.shape)


def raw_scores(row: Value) -> tuple[npt.NDArray[np.float64], Sequence[str]]:
    """Scores of one image before activation, (classes,), and the model's own labels if it outputs them."""
    if isinstance(row, list):  # scikit-learn's converter: [{class: probability}]
        return np.array(list(row[0].values()), np.float64), [str(label) for label in row[0]]
    return row.astype(np.float64).ravel(), ()


def _activated_few(raw: list[float], activation: Activation) -> list[float]:
    if activation == "Softmax":
        most = max(raw)
        powers = [exp(value - most) for value in raw]
        total = sum(powers)
        return [power / total for power in powers]
    if activation == "Sigmoid":
        return [0.5 * (1 + tanh(0.5 * value)) for value in raw]  # the same function, without an overflow
    return raw


def _activated(raw: npt.NDArray[np.float64], activation: Activation) -> npt.NDArray[np.float64]:
    if activation == "Softmax":
        powers = np.exp(raw - raw.max())
        return np.asarray(powers / powers.sum())
    if activation == "Sigmoid":
        return np.asarray(0.5 * (1 + np.tanh(0.5 * raw)))  # the same function, without an overflow
    return raw
