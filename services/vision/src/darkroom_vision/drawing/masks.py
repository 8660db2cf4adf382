"""Decoding masks from COCO's run-length encoding."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

_SIGN, _MORE, _FIRST_CHARACTER = 0x10, 0x20, 48
_LONGEST_SHIFT = 60


def mask_of(encoded: Mapping[str, Any]) -> npt.NDArray[np.bool_]:
    """The mask (h, w) that `{"size": [h, w], "counts": …}` encodes. Counts are a list or COCO's string.

    Raises:
        ValueError: the counts are not those of a mask of this size.
    """
    height, width = encoded["size"]
    counts = encoded["counts"]
    runs = _numbers(counts) if isinstance(counts, str) else counts
    if min(runs, default=0) < 0 or sum(runs) != height * width:
        raise ValueError(f"the runs of a mask of {height} x {width} pixels must add up to {height * width}")
    values = np.arange(len(runs)) % 2 == 1
    return np.repeat(values, runs).reshape(width, height).T


def _numbers(text: str) -> Sequence[int]:
    """Run lengths in COCO's string: 5 bits per character, deltas to the run two before (`rleFrString`, maskApi.c)."""
    runs: list[int] = []
    at = 0
    while at < len(text):
        number = shift = 0
        more = True
        while more:
            if at == len(text) or shift > _LONGEST_SHIFT:
                raise ValueError("the counts hold an incomplete or too large number")
            bits = ord(text[at]) - _FIRST_CHARACTER
            number |= (bits & 0x1F) << shift
            more = bool(bits & _MORE)
            at, shift = at + 1, shift + 5
            if not more and bits & _SIGN:
                number |= -1 << shift
        runs.append(number + (runs[-2] if len(runs) > 2 else 0))  # noqa: PLR2004 - the first three are no deltas
    return runs
