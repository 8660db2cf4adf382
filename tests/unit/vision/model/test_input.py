"""A stage's input comes from the model file, completed by the pipeline; contradictions say what to change."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from darkroom.api.input import Input, Pad
from darkroom_vision.imaging.framing import Framing
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
def test_fields_that_the_pipeline_omits_come_from_the_file(
    tmp_path: Path, shape: Shape, kind: int, spec: dict[str, Any], expected: tuple[object, ...]
) -> None:
    found = resolved(tmp_path, shape, kind, **spec)
    size = (found.framing.width, found.framing.height)
    assert (found.layout, *size, found.channels, found.dtype) == expected
    assert np.prod(found.shape((found.framing.width or 0, found.framing.height or 0))) == np.prod(expected[1:4])


def test_scale_defaults_to_1_for_uint8_and_to_1_255th_for_floats(tmp_path: Path) -> None:
    assert resolved(tmp_path, [1, 3, 4, 4]).scale == 1 / 255
    assert resolved(tmp_path, [1, 3, 4, 4], TensorProto.UINT8).scale == 1
    assert resolved(tmp_path, [1, 3, 4, 4], scale=2.0).scale == 2


def test_one_mean_applies_to_all_channels(tmp_path: Path) -> None:
    found = resolved(tmp_path, [1, 3, 4, 4], mean=[0.5], std=[0.1, 0.2, 0.3])
    assert found.mean == (0.5, 0.5, 0.5)
    assert found.std == (0.1, 0.2, 0.3)
    assert resolved(tmp_path, [1, 1, 4, 4]).mean == (0.0,)


@pytest.mark.parametrize(
    ("shape", "kind", "spec", "words"),
    [
        (["N", 1, 28, 28], 1, {"width": 32}, "its width is 28, input.width says 32: set it to 28 or remove it"),
        (["N", 1, 28, 28], 1, {"channels": 3}, "its channels is 1, input.channels says 3"),
        (["N", 3, 28, 28], 1, {"layout": "NHWC"}, "its layout is NCHW, input.layout says NHWC"),
        (["N", 3, 28, 28], 1, {"dtype": "UInt8"}, "its dtype is Float32, input.dtype says UInt8"),
        (["N", 3, "H", "W"], 1, {}, "it leaves width and height open: set input.width and input.height, or input.lon"),
        (["N", 64], 1, {"width": 8}, "it leaves the height open: set input.height"),
        (["N", 3, 28, 28], 1, {"longestSide": 28}, "its size is 28 x 28: input.longestSide .* remove them"),
        (["N", 3, 28, "W"], 1, {"resize": "Crop", "cropFraction": 0.5}, "input.cropFraction needs a fixed size"),
        (["N", 3, 28, 28], 1, {"enlarge": False}, "input.enlarge is for Letterbox, longestSide and shortestSide"),
        (["N", 1, 28, 28], 1, {"preset": "ImageNet"}, "it takes 1 channels, the mean of preset ImageNet is for 3"),
        (
            ["N", 1, 28, 28],
            1,
            {"resize": "Letterbox", "pad": Pad(values=[1, 2, 3])},
            "it takes 1 channels, input.pad.values has 3 numbers: give 1",
        ),
        (["N", 4, 28, 28], 1, {}, "it takes 4 channels: a stage feeds 1 .grey. or 3 .colour."),
        (
            [8, 3, 28, 28],
            1,
            {},
            "its batch size is 8: export it with a batch size of 1 or a dynamic one",
        ),
        (["N", 1, 28, 28], 1, {"mean": [1, 2, 3]}, "it takes 1 channels, input.mean has 3 numbers: give 1 or 1"),
        (["N", 784], 1, {"width": 8, "height": 8, "channels": 1}, "it takes 784 numbers per image, .* make 64"),
        (["N"], 1, {}, r"its input 'image' is tensor\(float\) of shape \(\?\): a stage feeds images as"),
        (["N", 3, 8, 8], TensorProto.DOUBLE, {}, r"tensor\(double\) of shape \(\?, 3, 8, 8\): a stage feeds"),
    ],
)
def test_contradictions_have_both_values_and_what_to_change(
    tmp_path: Path, shape: Shape, kind: int, spec: dict[str, Any], words: str
) -> None:
    with pytest.raises(ModelMismatch, match=f"model {URI}: .*{words}"):
        resolved(tmp_path, shape, kind, **spec)


def test_all_contradictions_are_reported_at_once(tmp_path: Path) -> None:
    with pytest.raises(ModelMismatch) as caught:
        resolved(tmp_path, ["N", 1, 28, 28], width=32, height=30, channels=3, dtype="Float16")
    assert len(caught.value.problems) == 4


def test_a_model_with_two_image_inputs_is_refused(tmp_path: Path) -> None:
    shape = [1, 3, 4, 4]
    path = onnx_file(
        tmp_path / "x.onnx",
        [helper.make_node("Add", ["left", "right"], ["sum"])],
        {"left": (TensorProto.FLOAT, shape), "right": (TensorProto.FLOAT, shape)},
        {"sum": (TensorProto.FLOAT, shape)},
    )
    with pytest.raises(
        ModelMismatch, match=r"it has 2 inputs \(left \(1, 3, 4, 4\), right .*it is unclear which one takes the image"
    ):
        resolve_input(URI, Input(), load_model(path, uri=URI).inputs)


@pytest.mark.parametrize(
    ("shape", "spec", "form", "layout", "fed"),
    [
        (["N", 3, 20, 30], {}, "Batch", "NCHW", (1, 3, 20, 30)),
        ([1, 20, 30, 1], {}, "Batch", "NHWC", (1, 20, 30, 1)),
        ([3, 20, 30], {}, "Single", "NCHW", (3, 20, 30)),
        ([20, 30, 3], {}, "Single", "NHWC", (20, 30, 3)),
        (["N", 20, 30], {}, "Plane", "NCHW", (1, 20, 30)),
        (["H", "W", 3], {"longest_side": 30}, "Single", "NHWC", (20, 30, 3)),
        (["N", 20, 3], {}, "Plane", "NCHW", (1, 20, 30)),  # a grey image three pixels wide
        (["N", 1800], {"width": 30, "height": 20}, "Flat", "NCHW", (1, 1800)),
    ],
)
def test_the_image_is_fed_in_the_models_input_shape(
    tmp_path: Path, shape: Shape, spec: dict[str, Any], form: str, layout: str, fed: tuple[int, ...]
) -> None:
    found = resolved(tmp_path, shape, **spec)
    assert (found.form, found.layout, found.shape((30, 20))) == (form, layout, fed)


@pytest.mark.parametrize(
    ("shape", "spec", "expected"),
    [
        (["N", 3, 48, "W"], {}, Framing(None, 48)),
        (["N", 3, "H", "W"], {"height": 32, "multiple_of": 8}, Framing(None, 32, multiple_of=8)),
        (["N", 3, "H", "W"], {"longest_side": 960}, Framing(None, None, longest_side=960)),
        (["N", 3, "H", "W"], {"shortest_side": 5_000}, Framing(None, None, shortest_side=5_000, longest_side=5_000)),
        (
            ["N", 3, "H", "W"],
            {"preset": "Yolo"},
            Framing(None, None, "Letterbox", longest_side=640, multiple_of=32),
        ),
        (
            ["N", 3, "H", "W"],
            {"preset": "Yolo", "width": 320, "height": 256, "pad": Pad(at="TopLeft")},
            Framing(320, 256, "Letterbox", pad_at="TopLeft", multiple_of=32),
        ),
        (["N", 3, "H", "W"], {"preset": "Clip"}, Framing(224, 224, "Crop")),
        (
            ["N", 3, "H", "W"],
            {"preset": "PaddleOcr"},
            Framing(None, None, enlarge=False, longest_side=960, multiple_of=32, rounding="Down"),
        ),
        (
            ["N", 3, "H", "W"],
            {"preset": "PaddleOcr", "shortest_side": 736, "shrink": False},
            Framing(None, None, shrink=False, shortest_side=736, multiple_of=32, rounding="Down"),
        ),
        (
            ["N", 3, 48, "W"],
            {"preset": "PaddleOcr"},
            Framing(None, 48, "Letterbox", pad_at="TopLeft", rounding="TextLine"),
        ),
    ],
)
def test_a_size_may_follow_the_image(tmp_path: Path, shape: Shape, spec: dict[str, Any], expected: Framing) -> None:
    assert resolved(tmp_path, shape, **spec).framing == expected


def test_a_field_that_is_set_overrides_the_preset(tmp_path: Path) -> None:
    shape = ["N", 3, 224, 224]
    assert resolved(tmp_path, shape).colors == "RGB"
    caffe = resolved(tmp_path, shape, preset="Caffe")
    assert (caffe.colors, caffe.scale, caffe.mean, caffe.std) == ("BGR", 1, (103.939, 116.779, 123.68), (1, 1, 1))
    changed = resolved(tmp_path, shape, preset="Caffe", colors="RGB", mean=[1.0], scale=2.0, interpolation="Area")
    assert (changed.colors, changed.scale, changed.mean, changed.interpolation) == ("RGB", 2, (1, 1, 1), "Area")
    yolo = resolved(tmp_path, shape, preset="Yolo", antialias=True, pad=Pad(value=0))
    assert (yolo.antialias, yolo.pad, yolo.framing.resize) == (True, (0, 0, 0), "Letterbox")


def test_a_preset_does_not_normalise_uint8(tmp_path: Path) -> None:
    found = resolved(tmp_path, ["N", 224, 224, 3], TensorProto.UINT8, preset="ImageNet")
    assert (found.scale, found.mean, found.std) == (1, (0, 0, 0), (1, 1, 1))
    assert found.framing.crop_fraction == 0.875


def test_the_input_of_rank_four_takes_the_image(tmp_path: Path) -> None:
    path = onnx_file(
        tmp_path / "x.onnx",
        [
            helper.make_node("Mul", ["image", "scale"], ["y"]),
            helper.make_node("Identity", ["orig_target_sizes"], ["s"]),
        ],
        {
            "scale": (TensorProto.FLOAT, [1]),
            "orig_target_sizes": (TensorProto.INT64, ["N", 2]),
            "image": (TensorProto.FLOAT, ["N", 3, 4, 4]),
        },
        {"y": (TensorProto.FLOAT, ["N", 3, 4, 4]), "s": (TensorProto.INT64, ["N", 2])},
    )
    ports = load_model(path, uri=URI).inputs
    with pytest.raises(
        ModelMismatch, match=r"an extra input 'scale', tensor\(float\) of shape \(1\): set input.extraI"
    ):
        resolve_input(URI, Input(), ports)
    found = resolve_input(URI, Input(extra_inputs={"scale": 0.5}), ports)
    assert found.name == "image"
    assert [port.name for port in found.extra.facts] == ["orig_target_sizes"]
