"""The cells of a detector's feature maps: counting the predictions that it makes for each, and their coordinates."""

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from darkroom_vision.imaging.geometry import Size

Floats = npt.NDArray[np.float32]

_STRIDES = (4, 8, 16, 32, 64)
_RANGES = [_STRIDES[i:j] for i in range(len(_STRIDES)) for j in range(i + 1, len(_STRIDES) + 1)]
_USUAL = ((8, 16, 32), (8, 16, 32, 64), (4, 8, 16, 32))
_GRIDS = ((8, 16, 32), (8, 16, 32, 64), (4, 8, 16, 32), (16, 32))
"""Strides (cell sizes in pixels) of models with three scales, with P6, with P2, and of tiny models."""
_FOLLOWS_THE_CELLS = 0.9
_ANCHORS = (1, 3)
_FEWEST = 21
"""Number of cells of strides 8, 16 and 32 in an input of 32 x 32."""


def boxes_per_cell(count: int, size: tuple[int | None, int | None], fewest_strides: int = 1) -> dict[int, str]:
    """The numbers of boxes per cell that give `count` predictions, each with the sum that shows it.

    Args:
        count: the number of predictions.
        size: (height, width) of the input. If it is open, any multiple of the largest stride is considered.
        fewest_strides: minimum number of feature maps.
    """
    height, width = size
    if height is None or width is None:
        return _for_any_size(count)
    for strides in (strides for strides in _RANGES if len(strides) >= fewest_strides):
        cells = [-(-height // stride) * -(-width // stride) for stride in strides]
        for boxes in _ANCHORS:
            if count == boxes * sum(cells):
                parts = " + ".join(f"{-(-height // s)} x {-(-width // s)}" for s in strides)
                return {boxes: f"{boxes} x ({parts})" if boxes > 1 else parts}
    return {}


def _for_any_size(count: int) -> dict[int, str]:
    found: dict[int, str] = {}
    for strides in _USUAL:
        cells = sum(4**i for i in range(len(strides)))
        for boxes in _ANCHORS:
            if count >= _FEWEST and count % (boxes * cells) == 0:
                times = f"{count // (boxes * cells)} x {cells} cells of strides {', '.join(map(str, strides))}"
                found.setdefault(boxes, f"{boxes} x {times}" if boxes > 1 else times)
    return found


@lru_cache(maxsize=64)
def grid(size: Size, predictions: int) -> tuple[Floats, Floats] | None:
    """(cells (A, 2) as x y, strides (A, 1)) of an input of `size`; None if no grid has so many cells."""
    width, height = size
    for strides in _GRIDS:
        shapes = [(height // stride, width // stride, stride) for stride in strides]
        if sum(rows * columns for rows, columns, _ in shapes) != predictions:
            continue
        cells = [np.stack(np.meshgrid(np.arange(c), np.arange(r)), axis=-1).reshape(-1, 2) for r, c, _ in shapes]
        sizes = [np.full((r * c, 1), stride) for r, c, stride in shapes]
        return np.concatenate(cells).astype(np.float32), np.concatenate(sizes).astype(np.float32)
    return None


def is_on_grid(table: npt.NDArray[Any], size: Size) -> bool:
    """Whether boxes of YOLOX are relative to grid cells. If not, their centres correlate with those of the cells."""
    found = grid(size, len(table))
    if found is None:
        return False
    cells, strides = found
    places = ((cells + 0.5) * strides).ravel().astype(np.float64)
    centres = table[:, :2].ravel().astype(np.float64)
    if np.ptp(centres) == 0:
        return True
    return bool(np.corrcoef(places, centres)[0, 1] < _FOLLOWS_THE_CELLS)
