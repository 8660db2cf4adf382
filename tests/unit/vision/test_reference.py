"""The reference implements the settings, and the worker's input is close to it."""

from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from darkroom.api.input import Input
from darkroom_vision.imaging.decode import decode
from darkroom_vision.model.input import ResolvedInput, resolve_input
from darkroom_vision.preprocess import Preprocessor
from darkroom_vision.reference import ReferenceInput, as_input, levels, reference_input
from tests.support.models.ports import floats


def settings(**spec: Any) -> ResolvedInput:
    return resolve_input("file:m.onnx", Input(preprocessing="Exact", **spec), (floats("x", 1, 3, 40, 60),))


def photo(size: tuple[int, int], orientation: int = 1) -> bytes:
    """An image of smooth colours, in which an offset of a pixel changes values only a little."""
    x, y = np.meshgrid(np.linspace(0, 6, size[0]), np.linspace(0, 4, size[1]))
    pixels = np.stack([127 + 120 * np.sin(x), 127 + 120 * np.cos(y), 127 + 120 * np.sin(x + y)], -1)
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(file, "PNG", exif=exif)
    return file.getvalue()


def both(image: bytes, resolved: ResolvedInput) -> tuple[ReferenceInput, npt.NDArray[Any]]:
    """The reference's input and the worker's."""
    preprocessor = Preprocessor.of(resolved)
    decoded = decode(image, preprocessor.colors)
    fitting = preprocessor.fit((decoded.width, decoded.height))
    target = preprocessor.empty_input(fitting.target)
    preprocessor.write(decoded.pixels, fitting, target)
    return reference_input(image, resolved, fitting), target


@pytest.mark.parametrize("size", [(300, 200), (200, 300), (61, 500), (60, 40)])
@pytest.mark.parametrize(
    "spec",
    [
        {"resize": "Stretch", "colors": "BGR"},
        {"resize": "Letterbox", "pad": {"value": 114}},
        {"resize": "Crop", "cropFraction": 0.875},
        {"resize": "Stretch", "interpolation": "Bicubic"},
        {"preset": "Yolo"},
        {"preset": "YoloX"},
        {"preset": "ImageNet"},
        {"preset": "Caffe"},
    ],
    ids=str,
)
def test_exact_preprocessing_is_within_a_level_of_the_reference(size: tuple[int, int], spec: dict[str, Any]) -> None:
    resolved = settings(**spec)
    reference, target = both(photo(size, orientation=6), resolved)
    assert reference.size == (size[1], size[0])
    difference = np.abs(levels(target, resolved) - levels(reference.values, resolved))
    assert difference.max() < 1.01
    assert difference.mean() < 0.3


def test_an_input_whose_size_depends_on_the_image() -> None:
    port = floats("x", 1, 3, None, None)
    resolved = resolve_input("file:m.onnx", Input(preset="PaddleOcr", preprocessing="Exact"), (port,))
    reference, target = both(photo((300, 200)), resolved)
    assert reference.input_size == (288, 192)
    assert np.abs(levels(target, resolved) - levels(reference.values, resolved)).max() < 1.01


def test_corners_of_the_input_map_back_to_those_of_the_visible_part() -> None:
    stretched, boxed, cut = (
        both(photo((600, 200)), settings(resize=resize))[0].to_image for resize in ("Stretch", "Letterbox", "Crop")
    )
    assert stretched.apply((60, 40)) == (600, 200)
    assert boxed.apply((0, 10)) == (0, 0)
    assert boxed.apply((60, 30)) == (600, 200)
    assert cut.apply((0, 0)) == (150, 0)
    assert cut.apply((60, 40)) == (450, 200)


def test_levels_undo_the_normalisation() -> None:
    resolved = settings(mean=[0.1, 0.2, 0.3], std=[0.5])
    reference, _ = both(photo((60, 40)), resolved)
    pixels = np.asarray(Image.open(BytesIO(photo((60, 40)))))
    np.testing.assert_allclose(levels(reference.values, resolved), pixels.transpose(2, 0, 1), atol=1e-9)
    assert as_input(reference.values, resolved).dtype == np.float32
