"""COCO's masks, read as pycocotools does."""

from typing import Any

import numpy as np
import numpy.typing as npt


def decoded(mask: dict[str, Any]) -> npt.NDArray[np.bool_]:
    """A mask as pixels (height, width). Transcribed from `rleFrString` in pycocotools' maskApi.c."""
    counts: list[int] = []
    text, p = mask["counts"].encode(), 0
    while p < len(text):
        x, k, more = 0, 0, True
        while more:
            c = text[p] - 48
            x |= (c & 0x1F) << 5 * k
            more = bool(c & 0x20)
            p += 1
            k += 1
            if not more and c & 0x10:
                x |= -1 << 5 * k
        if len(counts) > 2:
            x += counts[-2]
        counts.append(x)
    height, width = mask["size"]
    flat = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
    return flat.reshape(width, height).T
