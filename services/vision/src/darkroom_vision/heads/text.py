"""Text: `{"text": {"text", "score"}}`."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from darkroom_vision.heads.base import Frame, Result, rows
from darkroom_vision.heads.json_numbers import require_finite, shortened
from darkroom_vision.model.session import Value

BLANK = 0


@dataclass(frozen=True, slots=True)
class CtcHead:
    """Greedy CTC decoding of (1, T, C): the best character of each step, without repeats and blanks.

    The score is the mean probability of the characters that remain. Source: PaddleOCR's CTCLabelDecode.

    Attributes:
        characters: the character of each class; class 0, the blank, is not used.
        softmax: the output holds logits, not probabilities.
        steps_first: the output is (T, 1, C).
    """

    index: int
    name: str
    characters: tuple[str, ...]
    threshold: float
    softmax: bool
    steps_first: bool

    def results(self, outputs: Sequence[Value], frames: Sequence[Frame]) -> list[Result]:
        """See `Head.results`. The text is empty if its score is below the threshold."""
        value = np.asarray(outputs[self.index])
        if self.steps_first:
            value = value.swapaxes(0, 1)
        return [self._text(np.asarray(row)) for row in rows(self.name, value, len(frames))]

    def _text(self, row: np.ndarray[tuple[int, ...], np.dtype[np.floating]]) -> Result:
        steps = row[0].astype(np.float32)
        require_finite(self.name, steps)
        classes = steps.argmax(axis=1)
        kept = np.flatnonzero((classes != BLANK) & np.concatenate([[True], classes[1:] != classes[:-1]]))
        if not len(kept):
            return {"text": {"text": "", "score": 0.0}}
        best = steps[kept, classes[kept]]
        if self.softmax:
            best = 1 / np.exp(steps[kept] - best[:, None]).sum(axis=1)
        (score,) = shortened(np.array([best.mean()], np.float64))
        text = "".join(self.characters[i] for i in classes[kept].tolist()) if score >= self.threshold else ""
        return {"text": {"text": text, "score": score}}
