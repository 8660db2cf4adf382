"""Resizing with a triangle filter as wide as the shrinking asks: what Pillow's BILINEAR and torchvision's antialias do.

OpenCV's linear resize reads four pixels however many there are, so a small picture of a large one is noise where the
large one has texture. Models are trained on the antialiased one. This gives the same pixels as Pillow within one level.
"""

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from darkroom_vision.imaging.geometry import Size
from darkroom_vision.imaging.pixels import Pixels, as_pixels

_Floats = npt.NDArray[np.float32]
_Indices = npt.NDArray[np.intp]

_USUAL_SIDE = 16_384
"""Taps for longer sides are not kept: they are large, and who sends such pictures could send many."""
_SOFTEN_FROM = 1.2
"""Shrinking by less, a linear resize is within a level of the antialiased one, on the average of a photo."""
_CACHED_FLOATS = 131_072
"""Sums that are worked on at a time: as many as stay in the CPU's cache."""


def resize_antialiased(pixels: Pixels, size: Size) -> Pixels:
    """Uint8 (h, w, c) -> uint8 (height, width, c) for `size` = (width, height)."""
    height, width, channels = pixels.shape
    if width <= size[0] and height <= size[1]:
        return as_pixels(cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR), channels)
    rows = _shrink_rows(pixels.reshape(height, width * channels), size[1]).reshape(size[1], width, channels)
    if width == size[0]:
        return rows
    columns = as_pixels(cv2.transpose(rows), channels).reshape(width, size[1] * channels)
    shrunk = _shrink_rows(columns, size[0]).reshape(size[0], size[1], channels)
    return as_pixels(cv2.transpose(shrunk), channels)


def resize_a_little(pixels: Pixels, size: Size) -> Pixels:
    """The same for less than half the time, near enough for shrinking to no less than half of each side.

    A linear resize of it, softened first where pixels would be skipped: with three taps whose spread, with that of the
    linear resize, is the spread of the triangle filter.
    """
    height, width, channels = pixels.shape
    across, down = width / size[0], height / size[1]
    if max(across, down) >= _SOFTEN_FROM:
        pixels = as_pixels(
            cv2.sepFilter2D(pixels, -1, _soft(across), _soft(down), borderType=cv2.BORDER_REPLICATE), channels
        )
    return as_pixels(cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR), channels)


def _soft(shrink: float) -> _Floats:
    side = max(0.0, (shrink * shrink - 1) / 12)
    return np.array([side, 1 - 2 * side, side], np.float32)


def _shrink_rows(rows: Pixels, count: int) -> Pixels:
    """Uint8 (n, m) -> uint8 (count, m): each new row is a weighted mean of its neighbours among the old ones."""
    if len(rows) == count:
        return rows
    sources, weights = _taps(len(rows), count)
    shrunk = np.empty((count, rows.shape[1]), np.uint8)
    block = max(1, _CACHED_FLOATS // rows.shape[1])
    total, part = np.empty((2, min(block, count), rows.shape[1]), np.float32)
    for start in range(0, count, block):
        now = slice(start, min(start + block, count))
        sums, products = total[: now.stop - start], part[: now.stop - start]
        sums.fill(0.5)  # the conversion to uint8 below cuts off
        for source, weight in zip(sources[:, now], weights[:, now], strict=True):
            np.multiply(rows[source], weight, out=products)
            np.add(sums, products, out=sums)
        np.copyto(shrunk[now], sums, casting="unsafe")
    return shrunk


def _taps(old: int, new: int) -> tuple[_Indices, _Floats]:
    return _known_taps(old, new) if old <= _USUAL_SIDE else _taps_for(old, new)


@lru_cache(maxsize=128)
def _known_taps(old: int, new: int) -> tuple[_Indices, _Floats]:
    return _taps_for(old, new)


def _taps_for(old: int, new: int) -> tuple[_Indices, _Floats]:
    """The old row (k, new) and its weight (k, new, 1) for each tap and new row; the weights of a new row add to 1."""
    support = max(1.0, old / new)
    centre = (np.arange(new) + 0.5) * old / new
    first = np.maximum(0, (centre - support + 0.5).astype(np.intp))
    end = np.minimum(old, (centre + support + 0.5).astype(np.intp))
    sources = first + np.arange((end - first).max())[:, None]
    weights = np.maximum(0, 1 - np.abs(sources + 0.5 - centre) / support) * (sources < end)
    weights /= weights.sum(axis=0)
    return np.minimum(sources, old - 1), weights.astype(np.float32)[:, :, None]
