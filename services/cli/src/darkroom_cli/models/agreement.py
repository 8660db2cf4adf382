"""The agreement of two results for one image, from 0 to 1."""

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

import numpy as np
import numpy.typing as npt

_LEAST_OVERLAP = 0.5
"""Intersection over union of two boxes for one object, as in PASCAL VOC."""


def agreement(expected: Mapping[str, Any], found: Mapping[str, Any]) -> float:
    """The agreement, computed by the type of the results.

    Boxes: the F1 score of pairs with the same label and an overlap of at least half. Classes of the whole image:
    whether the best is the same. Segmentation: the overlap of the class fractions. Text: the ratio of common
    characters. Anomaly: 1 minus the difference of the scores. Embeddings and tensors: the cosine similarity.
    """
    if "predictions" in expected:
        return _predictions(expected["predictions"], found["predictions"])
    if "classes" in expected:
        shares = [{item["label"]: item["fraction"] for item in result["classes"]} for result in (expected, found)]
        return float(sum(min(share, shares[1].get(label, 0)) for label, share in shares[0].items()))
    if "text" in expected:
        return SequenceMatcher(None, _text(expected), _text(found)).ratio()
    if "anomaly" in expected:
        return float(max(0, 1 - abs(expected["anomaly"]["score"] - found["anomaly"]["score"])))
    if "embedding" in expected:
        return _cosine(np.array(expected["embedding"]), np.array(found["embedding"]))
    return _cosine(np.array(expected["tensor"]["data"]), np.array(found["tensor"]["data"]))


def _predictions(expected: Sequence[Mapping[str, Any]], found: Sequence[Mapping[str, Any]]) -> float:
    if not expected and not found:
        return 1.0
    if not expected or not found:
        return 0.0
    if "box" not in expected[0]:
        return float(expected[0]["label"] == found[0]["label"])
    left = list(found)
    pairs = 0
    for prediction in expected:
        alike = [other for other in left if other["label"] == prediction["label"]]
        best = max(alike, key=lambda other: overlap(prediction["box"], other["box"]), default=None)
        if best is not None and overlap(prediction["box"], best["box"]) >= _LEAST_OVERLAP:
            left.remove(best)
            pairs += 1
    return 2 * pairs / (len(expected) + len(found))


def overlap(one: Mapping[str, float], two: Mapping[str, float]) -> float:
    """Intersection over union of two boxes {x, y, width, height}; the angle of oriented boxes is left out."""
    across = min(one["x"] + one["width"], two["x"] + two["width"]) - max(one["x"], two["x"])
    down = min(one["y"] + one["height"], two["y"] + two["height"]) - max(one["y"], two["y"])
    common = max(0.0, across) * max(0.0, down)
    union = one["width"] * one["height"] + two["width"] * two["height"] - common
    return common / union if union > 0 else 0.0


def _text(result: Mapping[str, Any]) -> str:
    text = result["text"]
    return str(text["text"]) if isinstance(text, dict) else str(text)


def _cosine(one: npt.NDArray[np.float64], two: npt.NDArray[np.float64]) -> float:
    if one.shape != two.shape:
        return 0.0
    lengths = float(np.linalg.norm(one) * np.linalg.norm(two))
    return float(max(0.0, np.dot(one, two) / lengths)) if lengths else float(np.array_equal(one, two))
