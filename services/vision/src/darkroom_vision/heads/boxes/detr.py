"""Decoders of DETR and its successors: each of Q queries has a box and a score per class.

Source of the post-processing: `post_process_object_detection` of Hugging Face's DETR and RT-DETR image processors, and
Ultralytics' RTDETRPredictor.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from darkroom_vision.heads.base import Frame
from darkroom_vision.heads.boxes.candidates import Candidates, from_centres, scaled
from darkroom_vision.heads.json_numbers import require_finite
from darkroom_vision.model.session import Value

_BOX = 4


@dataclass(frozen=True, slots=True)
class QueryTable:
    """(Q, 4 + nc): cx cy w h from 0 to 1, then a score for each class. The best class of a query counts.

    `scored`: (Q, 6), with a score and the number of a class after the box.
    """

    index: int
    name: str
    threshold: float
    scored: bool = False

    def decode(self, outputs: Sequence[Value], frame: Frame) -> Candidates:
        """See `Decoder.decode`."""
        table = np.asarray(outputs[self.index])[0]
        scores = table[:, _BOX : _BOX + 1] if self.scored else table[:, _BOX:]
        best = scores.max(axis=1)
        require_finite(self.name, best)
        rows = np.flatnonzero(best >= self.threshold)
        boxes = scaled(from_centres(table[rows, :_BOX]), frame.input_size)
        classes = np.rint(table[rows, _BOX + 1]) if self.scored else scores[rows].argmax(axis=1)
        return Candidates.of(self.name, boxes, best[rows], classes, rows)


@dataclass(frozen=True, slots=True)
class QueryLogits:
    """Logits (Q, nc) and boxes (Q, 4): cx cy w h from 0 to 1.

    With `softmax`, the last class is "no object" and the best other class counts. Without it, the score is the sigmoid
    of the logit, and each class of a query that reaches the threshold is a candidate.
    """

    logits: int
    boxes: int
    name: str
    threshold: float
    softmax: bool

    def decode(self, outputs: Sequence[Value], frame: Frame) -> Candidates:
        """See `Decoder.decode`."""
        logits = np.asarray(outputs[self.logits])[0].astype(np.float32)
        require_finite(self.name, logits)
        if self.softmax:
            powers = np.exp(logits - logits.max(axis=1, keepdims=True))
            scores = (powers / powers.sum(axis=1, keepdims=True))[:, :-1]
            best = scores.max(axis=1)
            rows = np.flatnonzero(best >= self.threshold)
            classes, found = scores[rows].argmax(axis=1), best[rows]
        else:
            scores = 0.5 * (1 + np.tanh(0.5 * logits))  # the sigmoid, without an overflow
            rows, classes = np.nonzero(scores >= self.threshold)
            found = scores[rows, classes]
        boxes = np.asarray(outputs[self.boxes])[0]
        return Candidates.of(
            self.name, scaled(from_centres(boxes[rows, :_BOX]), frame.input_size), found, classes, rows
        )
