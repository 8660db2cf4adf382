"""Tensor: `{"tensor": {"name", "shape", "dtype", "data"}}`."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from darkroom_vision.heads.base import Frame, Result, rows
from darkroom_vision.heads.json_numbers import require_finite, shortened
from darkroom_vision.model.session import Value


@dataclass(frozen=True, slots=True)
class TensorHead:
    """An output for one image, unchanged, in row-major order."""

    index: int
    name: str

    def results(self, outputs: Sequence[Value], frames: Sequence[Frame]) -> list[Result]:
        """See `Head.results`."""
        return [self._tensor(row) for row in rows(self.name, outputs[self.index], len(frames))]

    def _tensor(self, row: Value) -> Result:
        array = np.asarray(row)
        require_finite(self.name, array)
        flat = array.ravel()
        data = shortened(flat.astype(np.float64)) if array.dtype in (np.float32, np.float16) else flat.tolist()
        return {"tensor": {"name": self.name, "shape": list(array.shape), "dtype": array.dtype.name, "data": data}}
