"""Behaviour that all heads have in common."""

from typing import Any

import jsonschema
import numpy as np
import numpy.typing as npt
import pytest

from darkroom.events import ANALYZED, json_schemas
from darkroom_vision.failures import InferenceError
from tests.support.models.heads import FRAME, head_for, result


def test_an_output_without_a_row_for_each_image_is_a_failure() -> None:
    head = head_for(np.zeros((1, 3), np.float32), type="Classification")
    with pytest.raises(InferenceError, match="'scores' has 1 rows for 2 images"):
        head.results([np.zeros((1, 3), np.float32)], [FRAME] * 2)


ONE_BOX = np.zeros((1, 300, 7), np.float32)
ONE_BOX[0, 0] = (10, 10, 20, 20, 0.75, 1, 0.5)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("Classification", np.array([[0.5, 0.25]], np.float32)),
        ("MultiLabel", np.array([[0.5, 0.25]], np.float32)),
        ("Embedding", np.array([[0.5, 0.25]], np.float32)),
        ("Tensor", np.array([[0.5, 0.25]], np.float32)),
        ("Detection", ONE_BOX[..., :6]),
        ("OrientedDetection", ONE_BOX),
        ("Segmentation", np.zeros((1, 4, 4), np.int64)),
        ("Text", np.full((1, 3, 2), 0.5, np.float32)),
        ("Anomaly", np.zeros((1, 1, 4, 4), np.float32)),
    ],
)
def test_results_match_the_schema_of_their_type(kind: str, value: npt.NDArray[Any]) -> None:
    formats = {"Detection": "YoloEndToEnd", "OrientedDetection": "YoloEndToEnd", "Segmentation": "ClassIds"}
    spec = {"type": kind, "format": formats.get(kind, "Auto")}
    found = result(head_for(value, ["a", "b"] if kind != "Segmentation" else None, **spec), [value])
    schema = json_schemas()[f"{ANALYZED}#{kind}"]
    event = {
        "imageId": "i",
        "stage": "s",
        "model": {"name": "m", "sha256": "0"},
        "image": {"width": 640, "height": 480, "format": "png"},
        "outputType": kind,
        "timings": {"decodeMs": 1, "preprocessMs": 1, "inferenceMs": 1},
        "source": {"topic": "t", "partition": 0, "offset": 0},
    }
    jsonschema.validate({**event, **found}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(event, schema)
