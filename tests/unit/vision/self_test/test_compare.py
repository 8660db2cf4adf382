"""A result differs from the expected one only where it exceeds the tolerance, and each difference is named."""

from typing import Any

import pytest

from darkroom.api.output import Output
from darkroom.api.self_test import Expect, Tolerance
from darkroom_vision.self_test.compare import differences, edit_distance
from tests.support.models.results import box, mask, named


def told(expect: dict[str, Any], result: dict[str, Any], output_type: str, **tolerance: Any) -> list[str]:
    output = Output.model_validate({"type": output_type})
    found = differences(Expect.model_validate(expect), result, Tolerance.model_validate(tolerance), output)
    return [str(difference) for difference in found]


@pytest.mark.parametrize(
    ("expect", "result", "message"),
    [
        (
            {"classes": [named("road", fraction=0.43), named("sky", fraction=0.2)]},
            {"classes": [named("road", fraction=0.4), named("sky", fraction=0.205)]},
            "classes[0].fraction: expected 0.43, got 0.4 (tolerance 0.01)",
        ),
        (
            {"classes": [named("road", fraction=0.43)]},
            {"classes": [named("car", fraction=0.44), named("dust", fraction=0.001)]},
            "classes[0]: expected road, got none; classes: expected no more, got car on 0.44 of the image",
        ),
        (
            {"classes": [named("road", mask=mask(0, 50))]},
            {"classes": [named("road", fraction=0.4, mask=mask(0, 60))]},
            "classes[0].mask: expected an intersection over union of at least 0.9, got 0.833333",
        ),
        (
            {"classes": [named("road", mask=mask(0, 50))]},
            {"classes": [named("road", fraction=0.4)]},
            "classes[0].mask: expected a mask, got none",
        ),
        (
            {"classes": [named("road", mask={"size": [10, 10], "counts": "9"})]},
            {"classes": [named("road", fraction=0.4, mask=mask(0, 50))]},
            (
                "classes[0].mask: expected a mask, got counts that cannot be read: "
                "the runs of a mask of 10 x 10 pixels must add up to 100"
            ),
        ),
        (
            {"classes": [named("road", mask=mask(0, 50) | {"size": [5, 20]})]},
            {"classes": [named("road", fraction=0.4, mask=mask(0, 50))]},
            "classes[0].mask.size: expected [5, 20], got [10, 10]",
        ),
    ],
    ids=["fraction", "another class", "another mask", "no mask", "a mask that cannot be read", "another size"],
)
def test_class_maps(expect: dict[str, Any], result: dict[str, Any], message: str) -> None:
    assert "; ".join(told(expect, result, "Segmentation")) == message


def test_a_class_as_small_as_the_tolerance_may_come_and_go() -> None:
    expect = {"classes": [named("road", fraction=0.4), named("dust", fraction=0.009)]}
    assert told(expect, {"classes": [named("fog", fraction=0.01), named("road", fraction=0.4)]}, "Segmentation") == []


def test_text() -> None:
    result = {"text": {"text": "HELL0 W", "score": 0.9}}
    assert told({"text": {"text": "HELLO"}}, result, "Text") == [
        "text.text: expected 'HELLO', got 'HELL0 W', 3 edits away (tolerance 0)"
    ]
    assert told({"text": {"text": "HELLO"}}, result, "Text", edits=3) == []
    assert told({"text": {"text": "HELL0 W", "score": 0.95}}, result, "Text") == [
        "text.score: expected 0.95, got 0.9 (tolerance 0.02)"
    ]


@pytest.mark.parametrize(
    ("one", "other", "edits"), [("", "", 0), ("", "abc", 3), ("kitten", "sitting", 3), ("flaw", "lawn", 2)]
)
def test_the_edit_distance_of_textbook_examples(one: str, other: str, edits: int) -> None:
    assert edit_distance(one, other) == edits == edit_distance(other, one)


def test_anomalies() -> None:
    result = {"anomaly": {"score": 0.7, "anomalous": True, "mask": mask(0, 10)}}
    assert told({"anomaly": {"score": 0.69, "anomalous": True, "mask": mask(0, 10)}}, result, "Anomaly") == []
    assert told({"anomaly": {"score": 0.3, "anomalous": False}}, result, "Anomaly") == [
        "anomaly.anomalous: expected False, got True",
        "anomaly.score: expected 0.3, got 0.7 (tolerance 0.02)",
    ]


def test_embeddings_are_compared_by_their_angle() -> None:
    assert told({"embedding": [1.0, 0.0]}, {"embedding": [5.0, 0.1]}, "Embedding") == []
    assert told({"embedding": [1.0, 0.0]}, {"embedding": [1.0, 1.0]}, "Embedding") == [
        "embedding: expected a cosine similarity of at least 0.99, got 0.707107"
    ]
    assert told({"embedding": [1.0]}, {"embedding": [1.0, 1.0]}, "Embedding") == [
        "embedding: expected 1 numbers, got 2"
    ]
    assert told({"embedding": [0.0]}, {"embedding": [0.0]}, "Embedding") == []
    assert len(told({"embedding": [float("nan")]}, {"embedding": [1.0]}, "Embedding")) == 1
    assert len(told({"embedding": [0.0]}, {"embedding": [1.0]}, "Embedding")) == 1


def test_tensors_name_the_largest_difference() -> None:
    result = {"tensor": {"name": "y", "shape": [4], "dtype": "float32", "data": [1.0, 2.5, 300.1, 4.2]}}
    expect = {"tensor": {"name": "y", "shape": [4], "dtype": "float32", "data": [1.0, 2.0, 300.0, 4.0]}}
    assert told(expect, result, "Tensor") == [
        "tensor.data[1]: expected 2, got 2.5, and 1 more numbers differ (tolerance 0.003)"
    ]
    assert told(expect, result, "Tensor", absolute=0.5) == []
    assert len(told({"tensor": {"data": [float("nan")] * 4}}, result, "Tensor")) == 1
    assert told({"tensor": {"shape": [2, 2], "data": [1.0]}}, result, "Tensor") == [
        "tensor.shape: expected [2, 2], got [4]",
        "tensor.data: expected 1 numbers, got 4",
    ]


def test_keypoints() -> None:
    points = [{"name": "nose", "x": 10.0, "y": 20.0, "score": 0.9}]
    result = {"predictions": [named("person", score=0.9, box=box(0, 0, 50, 50), keypoints=points)]}
    assert told(result, result, "Keypoints") == []
    moved = [points[0] | {"y": 25.0}]
    expect = {"predictions": [named("person", keypoints=moved)]}
    assert told(expect, result, "Keypoints") == ["predictions[0].keypoints[0].y: expected 25, got 20 (tolerance 2)"]
    assert told({"predictions": [named("person", keypoints=[])]}, result, "Keypoints") == [
        "predictions[0].keypoints: expected 0 points, got 1"
    ]


def test_masks_of_objects() -> None:
    found = named("cat", score=0.9, box=box(0, 0, 5, 5))
    expect = {"predictions": [named("cat", box=box(0, 0, 5, 5), mask=mask(0, 50))]}
    assert told(expect, {"predictions": [found]}, "InstanceSegmentation") == [
        "predictions[0].mask: expected a mask, got none"
    ]
