"""Embedding: `{"embedding": [...]}`."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from darkroom_vision.heads.base import Frame, Result, rows
from darkroom_vision.heads.json_numbers import require_finite, shortened
from darkroom_vision.model.session import Value


@dataclass(frozen=True, slots=True)
class EmbeddingHead:
    """The flattened vector. `normalize` divides it by its L2 norm, so that cosine similarity is a dot product."""

    index: int
    name: str
    normalize: bool = False

    def results(self, outputs: Sequence[Value], frames: Sequence[Frame]) -> list[Result]:
        """See `Head.results`."""
        return [self._embedding(row) for row in rows(self.name, outputs[self.index], len(frames))]

    def _embedding(self, row: Value) -> Result:
        array = np.asarray(row)
        require_finite(self.name, array)
        vector = array.astype(np.float64).ravel()
        if self.normalize and (norm := np.linalg.norm(vector)) > 0:
            vector = vector / norm
        return {"embedding": shortened(vector)}
