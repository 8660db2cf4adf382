"""A stage's input comes from the model file, completed by the pipeline; contradictions say what to change."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from darkroom.api.input import Input
from darkroom_vision.model.input import ModelMismatch, ResolvedInput, resolve_input
from darkroom_vision.model.session import load_model
from tests.support.models.onnx_files import Shape, identity_file, onnx_file

URI = "configmap://m/x.onnx"


def resolved(tmp_path: Path, shape: Shape, kind: int = TensorProto.FLOAT, **spec: Any) -> ResolvedInput:
    model = load_model(identity_file(tmp_path / "x.onnx", shape, kind), uri=URI)
    return resolve_input(URI, Input(**spec), model.inputs)


@pytest.mark.parametrize(
    ("shape", "kind", "spec", "expected"),
    [
        (["N", 3, 20, 30], TensorProto.FLOAT, {}, ("NCHW", 30, 20, 3, "Float32")),
        ([1, 20, 30, 3], TensorProto.FLOAT16, {}, ("NHWC", 30, 20, 3, "Float16")),
        (["N", 1, 28, 28], TensorProto.UINT8, {}, ("NCHW", 28, 28, 1, "UInt8")),
        (["N", 3, "H", "W"], TensorProto.FLOAT, {"width": 30, "height": 20}, ("NCHW", 30, 20, 3, "Float32")),
        (["N", "H", "W", 3], TensorProto.FLOAT, {"width": 30, "height": 20}, ("NHWC", 30, 20, 3, "Float32")),
        (
            ["N", "a", "b", "c"],
            TensorProto.FLOAT,
            {"width": 30, "height": 20, "channels": 1, "layout": "NHWC"},
            ("NHWC", 30, 20, 1, "Float32"),
        ),
        ([None, None, 20, 30], TensorProto.FLOAT, {}, ("NCHW", 30, 20, 3, "Float32")),
        (["N", 3, 5, 3], TensorProto.FLOAT, {"layout": "NHWC"}, ("NHWC", 5, 3, 3, "Float32")),
        (["N", 20, 30], TensorProto.FLOAT, {}, ("NCHW", 30, 20, 1, "Float32")),
        (
            ["N", 64],
            TensorProto.FLOAT,
            {"width": 8, "height": 8, "channels": 1},
            ("NCHW", 8, 8, 1, "Float32"),
        ),
    ],
)
def test_what_the_pipeline_leaves_out_comes_from_the_file(
    tmp_path: Path, shape: Shape, kind: int, spec: dict[str, Any], expected: tuple[object, ...]
) -> None:
    found = resolved(tmp_path, shape, kind, **spec)
    assert (found.layout, found.width, found.height, found.channels, found.dtype) == expected
    assert np.prod(found.shape) == found.width * found.height * found.channels


def test_scale_is_one_for_bytes_and_a_255th_otherwise_unless_said(tmp_path: Path) -> None:
    assert resolved(tmp_path, [1, 3, 4, 4]).scale == 1 / 255
    assert resolved(tmp_path, [1, 3, 4, 4], TensorProto.UINT8).scale == 1
    assert resolved(tmp_path, [1, 3, 4, 4], scale=2.0).scale == 2


def test_one_mean_serves_all_channels(tmp_path: Path) -> None:
    found = resolved(tmp_path, [1, 3, 4, 4], mean=[0.5], std=[0.1, 0.2, 0.3])
    assert found.mean == (0.5, 0.5, 0.5)
    assert found.std == (0.1, 0.2, 0.3)
    assert resolved(tmp_path, [1, 1, 4, 4]).mean == (0.0,)


@pytest.mark.parametrize(
    ("shape", "kind", "spec", "words"),
    [
        (["N", 1, 28, 28], 1, {"width": 32}, "its width is 28, input.width says 32: set it to 28 or leave it out"),
        (["N", 1, 28, 28], 1, {"channels": 3}, "its channels is 1, input.channels says 3"),
        (["N", 3, 28, 28], 1, {"layout": "NHWC"}, "its layout is NCHW, input.layout says NHWC"),
        (["N", 3, 28, 28], 1, {"dtype": "UInt8"}, "its dtype is Float32, input.dtype says UInt8"),
        (["N", 3, "H", "W"], 1, {}, "it leaves the height open: set input.height; it leaves the width open"),
        (["N", 4, 28, 28], 1, {}, "it takes 4 channels: a stage feeds 1 .grey. or 3 .colour."),
        (
            [8, 3, 28, 28],
            1,
            {},
            "it takes exactly 8 images at a time: export it with a batch size of 1 or a dynamic one",
        ),
        (["N", 1, 28, 28], 1, {"mean": [1, 2, 3]}, "it takes 1 channels, input.mean has 3 numbers: give 1 or 1"),
        (["N", 784], 1, {"width": 8, "height": 8, "channels": 1}, "it takes 784 numbers per image, .* make 64"),
        (["N"], 1, {}, r"its input 'image' is tensor\(float\) of shape \(\?\): a stage feeds images as"),
        (["N", 3, 8, 8], TensorProto.DOUBLE, {}, r"tensor\(double\) of shape \(\?, 3, 8, 8\): a stage feeds"),
    ],
)
def test_contradictions_say_both_sides_and_what_to_change(
    tmp_path: Path, shape: Shape, kind: int, spec: dict[str, Any], words: str
) -> None:
    with pytest.raises(ModelMismatch, match=f"model {URI}: .*{words}"):
        resolved(tmp_path, shape, kind, **spec)


def test_all_contradictions_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ModelMismatch) as caught:
        resolved(tmp_path, ["N", 1, 28, 28], width=32, height=30, channels=3, dtype="Float16")
    assert len(caught.value.problems) == 4


def test_a_model_of_two_inputs_is_refused(tmp_path: Path) -> None:
    shape = [1, 3, 4, 4]
    path = onnx_file(
        tmp_path / "x.onnx",
        [helper.make_node("Add", ["left", "right"], ["sum"])],
        {"left": (TensorProto.FLOAT, shape), "right": (TensorProto.FLOAT, shape)},
        {"sum": (TensorProto.FLOAT, shape)},
    )
    with pytest.raises(ModelMismatch, match=r"it has 2 inputs \(left, right\), a stage feeds exactly one"):
        resolve_input(URI, Input(), load_model(path, uri=URI).inputs)
