"""Results that are too large for a record are cut to its size, least important parts first."""

import json
from typing import Any

import pytest

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


def test_the_best_prediction_stays_and_classification_is_not_cut() -> None:
    best = {"label": "a", "index": 0, "score": 0.5, "box": {}, "mask": MASK}
    assert fitted({"predictions": [best, best]}, 100) == {"predictions": [best], "dropped": 1}
    classes = {"predictions": [{"label": "a", "index": 0, "score": 0.5}] * 3}
    assert fitted(classes, 100) is classes


@pytest.mark.parametrize("limit", [None, 1_000_000])
def test_a_result_that_fits_is_unchanged(limit: int | None) -> None:
    results: list[dict[str, Any]] = [
        {"predictions": [{"label": "a", "index": 0, "score": 0.5}]},
        {"embedding": [1.0]},
        {"classes": []},
    ]
    for result in results:
        assert fitted(result, limit) is result
