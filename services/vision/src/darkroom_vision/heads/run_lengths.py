"""Masks in COCO's compressed run-length encoding: `{"size": [height, width], "counts": "..."}`.

Pixels are in column-major order. Counts are the lengths of alternating runs of 0 and 1, starting with 0. As text, each
count is written as groups of five bits plus a continuation bit, plus 48; from the fourth count on, as the difference
from the count two before. Source: `rleToString` in pycocotools' maskApi.c. pycocotools' `mask.decode` reads it.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from darkroom_vision.imaging.geometry import Size

_BITS, _FIRST_CHARACTER = 5, 48
_MOST_GROUPS = 8


def mask_of_part(part: npt.NDArray[np.bool_], corner: Size, size: Size) -> dict[str, Any]:
    """The mask of an image of `size` (width, height) that is `part` (h, w) at `corner` (x, y) and 0 elsewhere."""
    height = size[1]
    columns = np.zeros((part.shape[1], part.shape[0] + 2), np.int8)
    columns[:, 1:-1] = part.T
    steps = np.diff(columns, axis=1)
    starts, ends = _positions(steps == 1, corner, height), _positions(steps == -1, corner, height)
    joined = np.flatnonzero(starts[1:] == ends[:-1])  # runs that continue in the next column
    return mask_of_runs(np.delete(starts, joined + 1), np.delete(ends, joined), size)


def _positions(steps: npt.NDArray[np.bool_], corner: Size, height: int) -> npt.NDArray[np.int64]:
    column, row = np.nonzero(steps)
    return (column + corner[0]) * height + row + corner[1]


def mask_of_runs(starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64], size: Size) -> dict[str, Any]:
    """The mask whose runs of 1 begin at `starts` and end before `ends`, ascending and separated by zeros."""
    width, height = size
    borders = np.empty(2 * len(starts) + 2, np.int64)
    borders[0], borders[-1] = 0, width * height
    borders[1:-1:2], borders[2:-1:2] = starts, ends
    counts = np.diff(borders)
    if counts[-1] == 0 and len(counts) > 1:
        counts = counts[:-1]
    return {"size": [height, width], "counts": compressed(counts)}


def compressed(counts: npt.NDArray[np.int64]) -> str:
    """COCO's string for `counts`."""
    values = counts.copy()
    values[3:] -= counts[1:-2]
    groups = np.empty((len(values), _MOST_GROUPS), np.uint8)
    used = np.empty((len(values), _MOST_GROUPS), bool)
    following = np.ones(len(values), bool)
    for group in range(_MOST_GROUPS):
        bits = values & 0x1F
        values >>= _BITS
        used[:, group] = following
        following = following & np.where(bits & 0x10, values != -1, values != 0)
        groups[:, group] = bits + np.where(following, 0x20, 0) + _FIRST_CHARACTER
    return groups[used].tobytes().decode("ascii")
