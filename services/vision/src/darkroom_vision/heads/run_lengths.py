"""Masks in COCO's compressed run-length encoding: `{"size": [height, width], "counts": "..."}`.

Pixels are in column-major order. Counts are the lengths of alternating runs of 0 and 1, starting with 0. As text, each
count is written as groups of five bits plus a continuation bit, plus 48; from the fourth count on, as the difference
from the count two before. Source: `rleToString` in pycocotools' maskApi.c. pycocotools' `mask.decode` reads it.
"""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from darkroom_vision.imaging.geometry import Size

_BITS, _FIRST_CHARACTER = 5, 48
_LIMITS = 1 << np.arange(_BITS - 1, 40, _BITS)
"""Values from these on, or below their negatives, need one more group: the highest bit of the last is the sign."""


def mask_of_part(part: npt.NDArray[np.bool_], corner: Size, size: Size) -> dict[str, Any]:
    """The mask of an image of `size` (width, height) that is `part` (h, w) at `corner` (x, y) and 0 elsewhere."""
    height, width = part.shape
    if not part.size:
        return mask_of_runs(np.empty(0, np.int64), np.empty(0, np.int64), size)
    apart = height + 1  # from one column to the next, with a 0 between them
    line = np.zeros(width * apart + 1, np.bool_)
    line[1:].reshape(width, apart)[:, :-1] = cv2.transpose(part.view(np.uint8)).view(np.bool_)
    column, row = np.divmod(np.flatnonzero(line[1:] != line[:-1]), apart)
    borders = (column + corner[0]) * size[1] + row + corner[1]
    starts, ends = borders[::2], borders[1::2]
    joined = np.flatnonzero(starts[1:] == ends[:-1])  # runs that continue in the next column
    return mask_of_runs(np.delete(starts, joined + 1), np.delete(ends, joined), size)


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
    """COCO's string for `counts`, which are less than 2**31."""
    values = counts.astype(np.int32)
    values[3:] -= values[1:-2].copy()
    magnitudes = values ^ (values >> 31)  # of a negative number: that of its bits other than the sign's
    most = int(np.searchsorted(_LIMITS, magnitudes.max(), side="right")) + 1
    groups = np.empty((len(values), most), np.uint8)
    used = np.empty((len(values), most), np.bool_)
    used[:, 0] = True
    for group in range(most):
        more = magnitudes >= _LIMITS[group]
        groups[:, group] = ((values >> _BITS * group) & 0x1F) + (more * np.uint8(0x20) + np.uint8(_FIRST_CHARACTER))
        if group + 1 < most:
            used[:, group + 1] = more
    return groups[used].tobytes().decode("ascii")
