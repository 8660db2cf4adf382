"""Matching expected predictions with actual ones: by class, and by the overlap of their boxes."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from darkroom.api.self_test import ExpectedPrediction

Actual = Mapping[str, Any]
Pairs = dict[int, int]
"""Index of an expected prediction -> index of the actual one."""

_SCORE_WEIGHT = 1e-3
"""Of boxes that overlap equally, the one with the closest score is taken."""
_JUST_CLOSE = 1e-2
"""Affinity of boxes that do not overlap but are as close as the tolerance allows, such as boxes without an area."""


class Named(Protocol):
    """Something of a class."""

    @property
    def label(self) -> str | None:
        """Name of the class."""

    @property
    def index(self) -> int | None:
        """Index of the class."""


def same_class(expected: Named, actual: Actual) -> bool:
    """Whether label and index, as far as they are expected, are those of the actual result."""
    return expected.label in {None, actual.get("label")} and expected.index in {None, actual.get("index")}


def by_class(expected: Sequence[Named], actual: Sequence[Actual]) -> Pairs:
    """Pairs of the same class, in the order of both lists."""
    left = dict(enumerate(actual))
    pairs: Pairs = {}
    for i, wanted in enumerate(expected):
        found = next((j for j, one in left.items() if same_class(wanted, one)), None)
        if found is not None:
            pairs[i] = found
            del left[found]
    return pairs


def by_box(expected: Sequence[ExpectedPrediction], actual: Sequence[Actual], pixels: float) -> Pairs:
    """Pairs of the same class whose boxes overlap or differ by at most `pixels`: those that overlap most first.

    An expected prediction without a box is paired with what is left of its class.
    """
    affinity = affinities(expected, actual, pixels)
    for i, wanted in enumerate(expected):
        for j, one in enumerate(actual):
            if not same_class(wanted, one):
                affinity[i, j] = 0
    pairs = best_first(affinity)
    rest = [i for i, wanted in enumerate(expected) if wanted.box is None]
    left = sorted(set(range(len(actual))) - set(pairs.values()))
    more = by_class([expected[i] for i in rest], [actual[j] for j in left])
    return pairs | {rest[i]: left[j] for i, j in more.items()}


def best_first(affinity: npt.NDArray[np.float64]) -> Pairs:
    """Pairs of rows and columns with a positive affinity, each in one pair at most, the highest affinity first."""
    pairs: Pairs = {}
    taken: set[int] = set()
    for flat in np.argsort(-affinity, axis=None, kind="stable").tolist():
        i, j = divmod(flat, affinity.shape[1])
        if affinity[i, j] <= 0:
            break
        if i not in pairs and j not in taken:
            pairs[i] = j
            taken.add(j)
    return pairs


def affinities(
    expected: Sequence[ExpectedPrediction], actual: Sequence[Actual], pixels: float
) -> npt.NDArray[np.float64]:
    """How well the boxes of both lists fit, (expected, actual): 0 not at all, 1 the same. 0 without a box."""
    wanted = np.array([_edges(one.box.model_dump() if one.box else None) for one in expected]).reshape(-1, 1, 4)
    found = np.array([_edges(one.get("box")) for one in actual]).reshape(1, -1, 4)
    widths = np.minimum(wanted[..., 2:], found[..., 2:]) - np.maximum(wanted[..., :2], found[..., :2])
    overlap = np.clip(widths, 0, None).prod(axis=-1)
    union = _areas(wanted) + _areas(found) - overlap
    iou = np.divide(overlap, union, where=union > 0, out=np.zeros_like(overlap))
    close = np.abs(wanted - found).max(axis=-1) <= pixels
    scores = np.array([[_score_gap(one, other) for other in actual] for one in expected]).reshape(iou.shape)
    affinity = np.where(close, np.maximum(iou, _JUST_CLOSE), iou)
    return np.where(affinity > 0, np.maximum(affinity - _SCORE_WEIGHT * scores, 1e-9), 0)


def _edges(box: Mapping[str, Any] | None) -> tuple[float, ...]:
    if box is None:
        return (np.nan,) * 4
    return box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"]


def _areas(edges: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    area: npt.NDArray[np.float64] = (edges[..., 2:] - edges[..., :2]).prod(axis=-1)
    return area


def _score_gap(expected: ExpectedPrediction, actual: Actual) -> float:
    return 0.0 if expected.score is None else min(1.0, abs(expected.score - actual["score"]))
