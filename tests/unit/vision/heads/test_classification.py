"""What becomes of a model's raw output, with numbers worked out by hand."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from darkroom.api.pipeline import Output
from darkroom.events import Analyzed
from darkroom_vision.failures import InferenceError
from darkroom_vision.heads.choose import ResolvedOutput, resolve_output
from darkroom_vision.model.input import ModelMismatch
from darkroom_vision.model.session import Port, Value

URI = "file:m.onnx"
LABELS = ["cat", "dog", "fox"]


def port(name: str, kind: str = "tensor(float)") -> Port:
    return Port(name, kind, ())


def resolved(trial: Value, labels: list[str] | None = None, **spec: Any) -> ResolvedOutput:
    return resolve_output(URI, Output(**spec), labels, (port("scores"),), [trial])


def predictions(raw: list[float], labels: list[str] | None = None, **spec: Any) -> list[dict[str, Any]]:
    value = np.array([raw], np.float32)
    (result,) = resolved(value, labels, type="Classification", **spec).results([value], 1)
    found: list[dict[str, Any]] = result["predictions"]
    return found


def test_best_classes_come_first_with_label_index_and_score() -> None:
    assert predictions([0.25, 0.5, 0.125], LABELS, topK=2) == [
        {"label": "dog", "index": 1, "score": 0.5},
        {"label": "cat", "index": 0, "score": 0.25},
    ]


def test_equal_scores_come_in_the_order_of_the_model() -> None:
    assert [p["index"] for p in predictions([1, 2, 2, 1])] == [1, 2, 0]


def test_classes_without_names_are_called_by_their_number() -> None:
    assert predictions([1, 2], topK=1) == [{"label": "1", "index": 1, "score": 2}]


def test_threshold_leaves_out_what_is_below_and_keeps_what_is_equal() -> None:
    assert [p["index"] for p in predictions([0.25, 0.5, 0.125], threshold=0.25)] == [1, 0]
    assert predictions([0.25, 0.5], threshold=0.75) == []


def test_softmax_makes_probabilities_even_of_huge_numbers() -> None:
    scores = [p["score"] for p in predictions([1000.0, 1000.0 + np.log(3).item()], activation="Softmax")]
    assert scores == pytest.approx([0.75, 0.25], rel=1e-4)


def test_sigmoid_judges_each_class_by_itself() -> None:
    found = predictions([0.0, np.log(3).item(), -2000.0], activation="Sigmoid")
    assert [p["score"] for p in found] == pytest.approx([0.75, 0.5, 0.0])


def test_trailing_axes_of_one_are_no_axes() -> None:
    value = np.array([1, 3, 2], np.float32).reshape(1, 3, 1, 1)
    (result,) = resolved(value, type="Classification", topK=1).results([value], 1)
    assert result["predictions"][0]["index"] == 1


def test_each_image_of_a_batch_gets_its_own_row() -> None:
    output = resolved(np.zeros((1, 3), np.float32), LABELS, type="Classification", topK=1)
    batch = np.eye(3, dtype=np.float32)
    assert [r["predictions"][0]["label"] for r in output.results([batch], 3)] == LABELS


def test_first_output_that_holds_scores_is_read_past_a_label() -> None:
    trial: list[Value] = [np.array([1], np.int64), np.array([[0.25, 0.75]], np.float32)]
    ports = (port("label", "tensor(int64)"), port("probabilities"))
    output = resolve_output(URI, Output(type="Classification", top_k=1), None, ports, trial)
    assert output.name == "probabilities"
    assert output.results(trial, 1) == [{"predictions": [{"label": "1", "index": 1, "score": 0.75}]}]


def test_maps_of_a_converted_classifier_bring_their_own_labels() -> None:
    trial: list[Value] = [[{"cat": 0.25, "dog": 0.75}]]
    output = resolve_output(URI, Output(type="Classification", top_k=1), None, (port("p", "seq(map)"),), trial)
    assert output.results(trial, 1) == [{"predictions": [{"label": "dog", "index": 1, "score": 0.75}]}]


def test_embedding_is_the_vector_as_the_model_gave_it() -> None:
    value = np.array([[0.5, -3.0, 0.0]], np.float32)
    (result,) = resolved(value, type="Embedding").results([value], 1)
    assert result == {"embedding": [0.5, -3.0, 0.0]}


@pytest.mark.parametrize("dtype", ["float32", "float16", "float64", "int64", "uint8", "bool"])
def test_tensor_keeps_name_shape_type_and_row_major_data(dtype: str) -> None:
    value = np.array([[[1, 0], [3, 4], [5, 6]]]).astype(dtype)
    (result,) = resolved(value, type="Tensor").results([value], 1)
    tensor = result["tensor"]
    assert (tensor["name"], tensor["shape"], tensor["dtype"]) == ("scores", [1, 3, 2], dtype)
    np.testing.assert_array_equal(np.array(tensor["data"], dtype).reshape(tensor["shape"]), value)


@settings(deadline=None)
@given(st_numpy.arrays(np.float32, 20, elements=st.floats(width=32, allow_nan=False, allow_infinity=False)))
def test_numbers_survive_json_as_the_same_float32(values: np.ndarray[Any, np.dtype[np.float32]]) -> None:
    (result,) = resolved(values[None], type="Tensor").results([values[None]], 1)
    read = np.array(json.loads(json.dumps(result))["tensor"]["data"], np.float32)
    np.testing.assert_array_equal(read, values)


@pytest.mark.parametrize("kind", ["Classification", "Embedding", "Tensor"])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_json_cannot_hold_is_a_failure_of_the_image(kind: str, bad: float) -> None:
    value = np.array([[1.0, bad]], np.float32)
    with pytest.raises(InferenceError, match="'scores' holds NaN or infinity for this image"):
        resolved(np.zeros((1, 2), np.float32), type=kind).results([value], 1)


def test_a_batch_without_a_row_for_each_image_is_a_failure() -> None:
    output = resolved(np.zeros((1, 3), np.float32), type="Classification")
    with pytest.raises(InferenceError, match="'scores' has 1 rows for 2 images"):
        output.results([np.zeros((1, 3), np.float32)], 2)


@pytest.mark.parametrize(
    ("trial", "labels", "spec", "words"),
    [
        (np.zeros((1, 10), np.float32), LABELS, {"type": "Classification"}, "has 10 classes, output.labels names 3"),
        (
            np.zeros((1, 3, 8, 8), np.float32),
            None,
            {"type": "Classification"},
            r"of shape \(1, 3, 8, 8\) for one image",
        ),
        (
            np.zeros((1, 3), np.float32),
            None,
            {"type": "Tensor", "name": "x"},
            "no output 'x': set output.name to one of s",
        ),
        (np.array(["a"], object), None, {"type": "Tensor"}, "which is no tensor of numbers"),
    ],
)
def test_an_output_that_cannot_be_what_the_pipeline_says_is_refused(
    trial: Value, labels: list[str] | None, spec: dict[str, Any], words: str
) -> None:
    with pytest.raises(ModelMismatch, match=f"model {URI}: .*{words}"):
        resolved(trial, labels, **spec)


@pytest.mark.parametrize("kind", ["Classification", "Embedding", "Tensor"])
def test_results_are_the_fields_of_an_analyzed_event(kind: str) -> None:
    value = np.array([[0.5, 0.25]], np.float32)
    (result,) = resolved(value, type=kind).results([value], 1)
    schema = Analyzed.model_json_schema(by_alias=True)
    (field,) = result
    assert field in schema["properties"]
