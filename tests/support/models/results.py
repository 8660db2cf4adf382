"""Results for the tests of comparisons, and hypothesis strategies for them."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from darkroom.api.output import BOX_TYPES
from darkroom_vision.heads.run_lengths import mask_of_runs

SIDE = 10
"""Width and height of the images that masks belong to."""


def named(label: str, **fields: Any) -> dict[str, Any]:
    return {"label": label, "index": sum(label.encode()), **fields}


def box(x: float, y: float, width: float, height: float, **more: float) -> dict[str, float]:
    return {"x": x, "y": y, "width": width, "height": height, **more}


def mask(start: int, end: int) -> dict[str, Any]:
    """A mask of the pixels from `start` to `end`, column by column."""
    return mask_of_runs(np.array([start]), np.array([end]), (SIDE, SIDE))


_LABELS = st.sampled_from(["cat", "dog", "person", "1", "naïve \U0001f600"])
_SCORES = st.floats(0.3, 1)
_EDGES = st.floats(0, 900).map(lambda value: round(value, 2))
_SIDES = st.floats(0.01, 90).map(lambda value: round(value, 2))
_MASKS = st.tuples(st.integers(0, 49), st.integers(50, 100)).map(lambda ends: mask(*ends))
_POINTS = st.lists(st.fixed_dictionaries({"x": _EDGES, "y": _EDGES, "score": _SCORES}), min_size=3, max_size=3)
_NUMBERS = st.floats(-1e6, 1e6, width=32)


def results(output_type: str) -> st.SearchStrategy[dict[str, Any]]:
    """Results of a type, as heads produce them."""
    match output_type:
        case "Classification" | "MultiLabel":
            one = st.builds(lambda label, score: named(label, score=score), _LABELS, _SCORES)
            return st.lists(one, max_size=3, unique_by=lambda p: p["label"]).map(_sorted)
        case "Segmentation":
            area = st.builds(lambda a, f, m: named(a, fraction=f, mask=m), _LABELS, st.floats(0, 1), _MASKS)
            return st.lists(area, max_size=5, unique_by=lambda c: c["label"]).map(lambda found: {"classes": found})
        case "Text":
            return st.fixed_dictionaries(
                {"text": st.fixed_dictionaries({"text": st.text(max_size=20), "score": _SCORES})}
            )
        case "Anomaly":
            anomaly = st.fixed_dictionaries({"score": _SCORES, "anomalous": st.booleans(), "mask": _MASKS})
            return st.fixed_dictionaries({"anomaly": anomaly})
        case "Embedding":
            return st.fixed_dictionaries({"embedding": st.lists(_NUMBERS, min_size=1, max_size=8)})
        case "Tensor":
            return st.lists(_NUMBERS | st.booleans(), max_size=8).map(_tensor)
        case _:
            return st.lists(_object(output_type), max_size=5, unique_by=lambda p: tuple(p["box"].values())).map(_sorted)


def _object(output_type: str) -> st.SearchStrategy[dict[str, Any]]:
    assert output_type in BOX_TYPES
    more: dict[str, st.SearchStrategy[Any]] = {}
    if output_type == "InstanceSegmentation":
        more["mask"] = _MASKS
    if output_type == "Keypoints":
        more["keypoints"] = _POINTS
    boxes = st.builds(box, _EDGES, _EDGES, _SIDES, _SIDES)
    if output_type == "OrientedDetection":
        boxes = st.builds(lambda one, angle: one | {"angle": angle}, boxes, st.floats(0, 180))
    return st.builds(
        lambda label, score, where, rest: named(label, score=score, box=where, **rest),
        *(_LABELS, _SCORES, boxes, st.fixed_dictionaries(more)),
    )


def _sorted(predictions: list[dict[str, Any]]) -> dict[str, Any]:
    return {"predictions": sorted(predictions, key=lambda one: -one["score"])}


def _tensor(numbers: list[Any]) -> dict[str, Any]:
    return {"tensor": {"name": "y", "shape": [len(numbers)], "dtype": "float32", "data": numbers}}
