"""Classifiers, embeddings, maps and text are recognised; any other model is a tensor, with a question."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from darkroom_vision.families import Family, detect
from darkroom_vision.model.metadata import ModelMetadata, metadata_of
from darkroom_vision.model.session import Port, Value, load_model
from tests.support.models.onnx_files import onnx_file, zip_map_file
from tests.support.models.ports import floats, images, integers, zeros

UNKNOWN = ModelMetadata()
RNG = np.random.default_rng(0)


def found(*outputs: Port, size: tuple[int | None, int | None] = (512, 512), trial: list[Value] | None = None) -> Family:
    return detect([images(*size)], outputs, UNKNOWN, trial)


@pytest.mark.parametrize(
    ("outputs", "kind", "form"),
    [
        ([floats("out", 1, 21, 512, 512)], "Segmentation", "Logits"),
        ([floats("logits", 1, 150, 128, 128)], "Segmentation", "Logits"),
        ([floats("out", None, 21, None, None)], "Segmentation", "Logits"),
        ([integers("classes", 1, 512, 512)], "Segmentation", "ClassIds"),
        ([integers("argmax", 1, 1, 512, 512)], "Segmentation", "ClassIds"),
        ([floats("mask", 1, 1, 512, 512)], "Segmentation", "Probability"),
        ([floats("predicted_depth", 1, 512, 512)], "Tensor", None),
        ([floats("depth", 1, 1, 512, 512)], "Tensor", None),
        ([floats("pred_score", 1), floats("anomaly_map", 1, 1, 256, 256)], "Anomaly", "Anomalib"),
        ([floats("image_embeds", 1, 512)], "Embedding", None),
        ([floats("last_hidden_state", 1, 257, 768), floats("pooler_output", 1, 768)], "Embedding", None),
        ([floats("features", 1, 384)], "Embedding", None),
        ([floats("embedding", 1, 32)], "Embedding", None),
        ([floats("logits", 1, 1000)], "Classification", None),
        ([floats("output", 1, 1000, 1, 1)], "Classification", None),
        ([floats("last_hidden_state", 1, 197, 768)], "Tensor", None),
        ([floats("heatmaps", 1, 133, 384)], "Tensor", None),
        ([], "Tensor", None),
    ],
)
def test_families_of_other_models(outputs: list[Port], kind: str, form: str | None) -> None:
    family = found(*outputs)
    assert (family.type, family.format) == (kind, form)
    assert family.reasons


def test_an_embedding_among_several_outputs_is_named() -> None:
    assert found(floats("last_hidden_state", 1, 257, 768), floats("pooler_output", 1, 768)).output == "pooler_output"


def test_a_map_with_values_above_one_is_not_a_mask() -> None:
    assert found(floats("out", 1, 1, 512, 512), trial=[zeros(1, 1, 512, 512) + 7]).type == "Tensor"


def test_paddleocrs_text_detector() -> None:
    trial: list[Value] = [zeros(1, 1, 320, 320)]
    family = found(floats("fetch_name_0", None, 1, None, None), size=(None, None), trial=trial)
    assert (family.type, family.format, family.preset) == ("Detection", "DbNet", "PaddleOcr")


def test_text_recognition_with_an_alphabet_in_the_metadata() -> None:
    metadata = metadata_of({"character": "\n".join(chr(i) for i in range(33, 33 + 94))})
    family = detect([images(48, None)], [floats("fetch_name_0", None, None, 96)], metadata, [zeros(1, 40, 96)])
    assert (family.type, family.format, len(family.labels), family.questions) == ("Text", "Ctc", 94, ())
    wrong = detect([images(48, None)], [floats("fetch_name_0", None, None, 50)], metadata, [zeros(1, 40, 50)])
    assert (wrong.type, wrong.labels) == ("Text", ())
    assert wrong.questions


def test_ultralytics_classifier() -> None:
    metadata = metadata_of({"task": "classify", "names": "['cat', 'dog']", "stride": "1"})
    family = detect([images(224, 224)], [floats("output0", 1, 2)], metadata, [np.array([[0.25, 0.75]], np.float32)])
    assert (family.type, family.labels, family.activation) == ("Classification", ("cat", "dog"), "None")
    assert family.input == {"resize": "Crop"}


@pytest.mark.parametrize(
    ("scores", "activation", "asks"),
    [([0.25, 0.75, 0], "None", False), ([0.9, 0.9, 0.1], "None", True), ([-3.0, 2.0, 0.5], "Softmax", False)],
)
def test_the_activation_is_found_in_a_trial_run(scores: list[float], activation: str, asks: bool) -> None:
    family = found(floats("output", 1, 3), trial=[np.array([scores], np.float32)])
    assert family.activation == activation
    assert any("MultiLabel" in question for question in family.questions) == asks


def test_channels_last_mean_keras_and_the_producer_identifies_caffe() -> None:
    keras = detect([floats("x", None, 224, 224, 3)], [floats("probs", None, 1000)], UNKNOWN)
    caffe = detect([images(224, 224)], [floats("prob", 1, 1000)], metadata_of({}, producer="onnx-caffe2"))
    assert (keras.preset, caffe.preset) == ("Tf", "Caffe")


def test_scikit_learns_maps(tmp_path: Path) -> None:
    model = load_model(zip_map_file(tmp_path / "m.onnx", ["cat", "dog", "fox"]))
    trial = model.run({"numbers": np.zeros((1, 3), np.float32)})
    family = detect(model.inputs, model.outputs, model.metadata, trial)
    assert (family.type, family.output, family.questions) == ("Classification", "probabilities", ())


def test_a_real_file_of_the_v8_layout(tmp_path: Path) -> None:
    """(1, 3, 32, 32) -> (1, 7, 21)."""
    path = onnx_file(
        tmp_path / "m.onnx",
        [
            helper.make_node("ReduceMean", ["images"], ["mean"], keepdims=0),
            helper.make_node("Add", ["mean", "zeros"], ["output0"]),
        ],
        {"images": (TensorProto.FLOAT, [1, 3, "height", "width"])},
        {"output0": (TensorProto.FLOAT, ["N", "numbers", "cells"])},
        {"zeros": np.zeros((1, 7, 21), np.float32)},
    )
    model = load_model(path)
    trial = model.run({"images": np.zeros((1, 3, 32, 32), np.float32)})
    family = detect(model.inputs, model.outputs, model.metadata, trial)
    assert (family.format, family.classes) == ("YoloV8", 3)


_SHAPES = st.lists(st.one_of(st.none(), st.integers(0, 10_000)), max_size=5).map(tuple)
_PORTS = st.builds(
    Port,
    st.sampled_from(["output0", "logits", "pred_boxes", "labels", "boxes", "scores", "probabilities", "label"]),
    st.sampled_from(["tensor(float)", "tensor(int64)", "tensor(string)", "seq(map(int64,tensor(float)))"]),
    _SHAPES,
)


@given(
    st.lists(_PORTS, max_size=3),
    st.lists(_PORTS, max_size=4),
    st.sampled_from(["detect", "segment", "pose", "obb", "classify", "?"]),
    st.integers(0, 100),
)
def test_any_inputs_and_outputs_have_a_family(inputs: list[Port], outputs: list[Port], task: str, classes: int) -> None:
    metadata = metadata_of({"task": task, "names": str(["x"] * classes), "stride": "32"})
    family = detect(inputs, outputs, metadata)
    assert family.reasons
    assert family.labels in ((), metadata.names)
