"""Pixel values with presets, compared with the formulas of the frameworks; the documented examples."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from onnx import TensorProto
from PIL import Image

from darkroom.api.input import Input
from darkroom_vision.imaging.decode import decode
from darkroom_vision.imaging.geometry import Size
from darkroom_vision.model.input import resolve_input
from darkroom_vision.model.session import load_model
from darkroom_vision.preprocess import ModelInput, Preprocessor
from tests.support.documents import blocks
from tests.support.models.onnx_files import Shape, identity_file

RED, GREEN, BLUE = 200, 100, 50


def model_input(path: Path, shape: Shape, spec: Input, size: Size) -> ModelInput:
    """The model's input for an image of one colour."""
    file = io.BytesIO()
    Image.new("RGB", size, (RED, GREEN, BLUE)).save(file, "PNG")
    ports = load_model(identity_file(path, shape, TensorProto.FLOAT)).inputs
    preprocessor = Preprocessor.of(resolve_input("x.onnx", spec, ports))
    decoded = decode(file.getvalue(), preprocessor.colors)
    fitting = preprocessor.fit(size)
    target = preprocessor.empty_input(fitting.target)
    preprocessor.write(decoded.pixels, fitting, target)
    return target


@pytest.mark.parametrize(
    ("preset", "expected"),
    [
        # torchvision: ToTensor, Normalize.
        ("ImageNet", [(200 / 255 - 0.485) / 0.229, (100 / 255 - 0.456) / 0.224, (50 / 255 - 0.406) / 0.225]),
        ("Yolo", [200 / 255, 100 / 255, 50 / 255]),
        ("YoloX", [50, 100, 200]),
        (
            "Clip",
            [
                (200 / 255 - 0.48145466) / 0.26862954,
                (100 / 255 - 0.4578275) / 0.26130258,
                (50 / 255 - 0.40821073) / 0.27577711,
            ],
        ),
        # Keras, imagenet_utils.preprocess_input.
        ("Tf", [200 / 127.5 - 1, 100 / 127.5 - 1, 50 / 127.5 - 1]),
        ("Caffe", [50 - 103.939, 100 - 116.779, 200 - 123.68]),
        # PaddleOCR, NormalizeImage on a BGR image.
        ("PaddleOcr", [(50 / 255 - 0.485) / 0.229, (100 / 255 - 0.456) / 0.224, (200 / 255 - 0.406) / 0.225]),
        ("Raw", [200, 100, 50]),
        (None, [200 / 255, 100 / 255, 50 / 255]),
    ],
)
def test_a_colour_has_the_values_of_the_framework(tmp_path: Path, preset: str | None, expected: list[float]) -> None:
    spec = Input.model_validate({"preset": preset})
    found = model_input(tmp_path / "x.onnx", [1, 3, 96, 96], spec, (120, 120))
    for channel, value in zip(found, expected, strict=True):
        np.testing.assert_allclose(channel, value, rtol=1e-5)


@pytest.mark.parametrize(
    ("preset", "place", "value"), [("Yolo", np.s_[:, 0], 114 / 255), ("YoloX", np.s_[:, -1], 114.0)]
)
def test_borders_have_the_colour_and_position_of_the_framework(
    tmp_path: Path, preset: str, place: tuple[slice, int], value: float
) -> None:
    spec = Input.model_validate({"preset": preset})
    found = model_input(tmp_path / "x.onnx", [1, 3, 64, 64], spec, (120, 60))
    np.testing.assert_allclose(found[place], value, rtol=1e-6)
    assert (found[:, 0] == found[:, -1]).all() == (preset == "Yolo")


def test_a_line_of_text_is_padded_with_grey_on_the_right(tmp_path: Path) -> None:
    """PaddleOCR pads with 0 after normalisation; 128 is the nearest pixel value."""
    found = model_input(tmp_path / "x.onnx", [1, 3, 48, "W"], Input(preset="PaddleOcr"), (100, 50))
    assert found.shape == (3, 48, 320)
    np.testing.assert_allclose(found[0, :, :96], 50 / 127.5 - 1, rtol=1e-5)
    np.testing.assert_allclose(found[:, :, 96:], 0, atol=0.004)


def test_the_documented_examples_are_valid() -> None:
    examples = [
        example
        for block in blocks(Path("docs/reference/preprocessing.md"), "yaml")
        for example in re.split(r"^(?=input:)", block.commands, flags=re.MULTILINE)
        if example.strip()
    ]
    assert len(examples) == 5
    for example in examples:
        Input.model_validate(yaml.safe_load(example)["input"])
