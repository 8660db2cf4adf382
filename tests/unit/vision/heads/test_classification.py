"""Class scores as predictions, with values computed by hand."""

from typing import Any

import numpy as np
import pytest

from darkroom.api.output import Output
from darkroom_vision.heads.choose import choose_head
from darkroom_vision.heads.trial import Trial
from tests.support.models.heads import FRAME, LABELS, URI, head_for, port, result


def predictions(raw: list[float], labels: list[str] | None = None, **spec: Any) -> list[dict[str, Any]]:
    value = np.array([raw], np.float32)
    found: list[dict[str, Any]] = result(head_for(value, labels, type="Classification", **spec), [value])["predictions"]
    return found


def test_best_classes_come_first_with_label_index_and_score() -> None:
    assert predictions([0.25, 0.5, 0.125], LABELS, topK=2) == [
        {"label": "dog", "index": 1, "score": 0.5},
        {"label": "cat", "index": 0, "score": 0.25},
    ]


def test_equal_scores_keep_the_order_of_the_model() -> None:
    assert [p["index"] for p in predictions([1, 2, 2, 1])] == [1, 2, 0]


def test_the_label_of_a_class_without_a_name_is_its_index() -> None:
    assert predictions([1, 2], topK=1) == [{"label": "1", "index": 1, "score": 2}]


def test_scores_below_the_threshold_are_dropped_and_equal_ones_kept() -> None:
    assert [p["index"] for p in predictions([0.25, 0.5, 0.125], threshold=0.25)] == [1, 0]
    assert predictions([0.25, 0.5], threshold=0.75) == []


def test_softmax_does_not_overflow() -> None:
    scores = [p["score"] for p in predictions([1000.0, 1000.0 + np.log(3).item()], activation="Softmax")]
    assert scores == pytest.approx([0.75, 0.25], rel=1e-4)


def test_sigmoid_is_applied_to_each_class() -> None:
    found = predictions([0.0, np.log(3).item(), -2000.0], activation="Sigmoid")
    assert [p["score"] for p in found] == pytest.approx([0.75, 0.5, 0.0])


def test_trailing_axes_of_length_one_are_ignored() -> None:
    value = np.array([1, 3, 2], np.float32).reshape(1, 3, 1, 1)
    found = result(head_for(value, type="Classification", topK=1), [value])
    assert found["predictions"][0]["index"] == 1


def test_each_image_of_a_batch_gets_its_own_row() -> None:
    head = head_for(np.zeros((1, 3), np.float32), LABELS, type="Classification", topK=1)
    batch = np.eye(3, dtype=np.float32)
    assert [r["predictions"][0]["label"] for r in head.results([batch], [FRAME] * 3)] == LABELS


def test_labels_in_the_maps_of_a_converted_classifier_are_used() -> None:
    trial = [[{"cat": 0.25, "dog": 0.75}]]
    head = choose_head(Trial(URI, (port("p", "seq(map)"),), trial), Output(type="Classification", top_k=1), None)
    assert head.results(trial, [FRAME]) == [{"predictions": [{"label": "dog", "index": 1, "score": 0.75}]}]
