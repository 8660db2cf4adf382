"""Results that are too large for a record are cut to its size, least important parts first."""

import json
from typing import Any, get_args

import pytest

from darkroom.api.output import OutputType
from darkroom_vision.heads.record_size import fitted

MASK = {"size": [10, 10], "counts": "x\\" * 2_000}
ROOM = 4_096


def size(result: dict[str, Any]) -> int:
    return len(json.dumps(result, ensure_ascii=False, separators=(",", ":")).encode())


def test_predictions_with_the_lowest_scores_are_left_out_and_counted() -> None:
    predictions = [{"label": "caf\u00e9", "index": 0, "score": 1 - i / 100, "box": {}, "mask": MASK} for i in range(20)]
    result = fitted({"predictions": predictions}, 30_000)
    kept = result["predictions"]
    assert kept == predictions[: len(kept)]
    assert result["dropped"] == 20 - len(kept) > 0
    assert size(result) + ROOM <= 30_000 < size({"predictions": predictions[: len(kept) + 1]}) + ROOM + 100


def test_masks_of_the_smallest_classes_are_left_out_and_counted() -> None:
    classes = [{"label": str(i), "index": i, "fraction": 1 / (i + 2), "mask": MASK} for i in range(8)]
    result = fitted({"classes": classes}, 30_000)
    kept = [one for one in result["classes"] if "mask" in one]
    assert kept == classes[: len(kept)]
    assert [one["label"] for one in result["classes"]] == [str(i) for i in range(8)]
    assert result["dropped"] == 8 - len(kept) > 0
    assert size(result) + ROOM <= 30_000


def test_the_best_prediction_stays() -> None:
    best = {"label": "a", "index": 0, "score": 0.5, "box": {}, "mask": MASK}
    assert fitted({"predictions": [best, best]}, 100) == {"predictions": [best], "dropped": 1}


LIMIT = 1_000_000
POINT = {"name": "left shoulder", "x": 1234.56, "y": 1234.56, "score": 0.123456789}
BOX = {"x": 1234.56, "y": 1234.56, "width": 1234.56, "height": 1234.56}
PREDICTION = {"label": "a class", "index": 1234, "score": 0.123456789}


LARGE: dict[OutputType, dict[str, Any]] = {
    "Classification": {"predictions": [PREDICTION] * 50_000},
    "MultiLabel": {"predictions": [PREDICTION] * 50_000},
    "Detection": {"predictions": [PREDICTION | {"box": BOX}] * 10_000},
    "OrientedDetection": {"predictions": [PREDICTION | {"box": BOX | {"angle": 123.45}}] * 10_000},
    "InstanceSegmentation": {"predictions": [PREDICTION | {"box": BOX, "mask": MASK}] * 1_000},
    "Keypoints": {"predictions": [PREDICTION | {"box": BOX, "keypoints": [POINT] * 17}] * 10_000},
    "Segmentation": {"classes": [{"label": "a", "index": 1, "fraction": 0.1, "mask": MASK}] * 1_000},
    "Text": {"text": {"text": "a" * 2 * LIMIT, "score": 0.5}},
    "Anomaly": {"anomaly": {"score": 0.5, "anomalous": True, "mask": {"size": [9, 9], "counts": "x" * 2 * LIMIT}}},
    "Embedding": {"embedding": [0.123456789] * 200_000},
    "Tensor": {"tensor": {"name": "y", "shape": [200_000], "dtype": "float32", "data": [0.123456789] * 200_000}},
}
"""Results of more than `LIMIT` bytes."""


@pytest.mark.parametrize("output_type", get_args(OutputType))
def test_a_large_result_of_any_type_is_cut_to_fit_or_left_as_it_is(output_type: OutputType) -> None:
    whole = LARGE[output_type]
    assert size(whole) > LIMIT
    result = fitted(whole, LIMIT)
    if output_type in {"Text", "Embedding", "Tensor"}:  # parts of them mean nothing: the image becomes a dead letter
        assert result is whole
    else:
        assert size(result) < LIMIT - ROOM / 2  # the event has other fields too
        assert size(result) > LIMIT / 2 or output_type == "Anomaly"
        assert result["dropped"] > 0
        assert result.keys() == {*whole.keys(), "dropped"}


@pytest.mark.parametrize("limit", [None, 1_000_000])
def test_a_result_that_fits_is_unchanged(limit: int | None) -> None:
    results: list[dict[str, Any]] = [
        {"predictions": [{"label": "a", "index": 0, "score": 0.5}]},
        {"embedding": [1.0]},
        {"classes": []},
    ]
    for result in results:
        assert fitted(result, limit) is result
