"""Embedding: `{"embedding": [...]}`."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from darkroom_vision.heads.base import Frame, Result, rows
from darkroom_vision.heads.json_numbers import require_finite, shortened
from darkroom_vision.model.session import Value


@dataclass(frozen=True, slots=True)
class EmbeddingHead:
    """The vector as the model gives it, flat and not normalised: a model that wants that normalises it itself."""

    index: int
    name: str

    def results(self, outputs: Sequence[Value], frames: Sequence[Frame]) -> list[Result]:
        """See `Head.results`."""
        return [self._embedding(row) for row in rows(self.name, outputs[self.index], len(frames))]

    def _embedding(self, row: Value) -> Result:
        array = np.asarray(row)
        require_finite(self.name, array)
        return {"embedding": shortened(array.astype(np.float64).ravel())}
