"""Pre-processing against Pillow's resize and NumPy's arithmetic."""

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sklearn.datasets import load_sample_image

from darkroom_vision.imaging.decode import decode
from darkroom_vision.imaging.geometry import Size
from darkroom_vision.model.input import ResolvedInput
from darkroom_vision.preprocess import ModelInput, Preprocessor
from tests.support.images.pictures import Pixels, encoded, noise, picture, resized

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SETTINGS = ResolvedInput(
    name="image",
    width=224,
    height=160,
    channels=3,
    layout="NCHW",
    dtype="Float32",
    scale=1 / 255,
    mean=IMAGENET_MEAN,
    std=IMAGENET_STD,
    resize="Stretch",
    colors="RGB",
    preprocessing="Exact",
    shape=(3, 160, 224),
)
PLAIN = replace(SETTINGS, scale=1.0, mean=(0.0,) * 3, std=(1.0,) * 3)


def written(pixels: Pixels, settings: ResolvedInput) -> ModelInput:
    preprocessor = Preprocessor.of(settings)
    target = preprocessor.empty_input()
    target.fill(7)
    preprocessor.write(pixels, target)
    return target


@pytest.mark.parametrize("resize", ["Stretch", "Letterbox", "Crop"])
@pytest.mark.parametrize(("kind", "bound"), [("JPEG", 2.5), ("PNG", 1.5)])
@pytest.mark.parametrize("size", [(900, 600), (600, 400), (440, 310), (330, 240), (230, 170)])
def test_fast_differs_little_from_exact(
    resize: Literal["Stretch", "Letterbox", "Crop"], kind: str, bound: float, size: Size
) -> None:
    data = encoded(Image.fromarray(load_sample_image("china.jpg")).resize(size), kind, compress_level=1)
    exact, fast = (Preprocessor.of(replace(PLAIN, resize=resize, preprocessing=mode)) for mode in ("Exact", "Fast"))
    results = []
    for preprocessor in (exact, fast):
        target = preprocessor.empty_input()
        decoded = decode(data, preprocessor.colors, preprocessor.decoder_shrink)
        preprocessor.write(decoded.pixels, target)
        results.append(target.astype(float))
    assert np.abs(results[0] - results[1]).mean() < bound


def test_exact_decodes_in_full_and_fast_lets_the_decoder_shrink() -> None:
    assert Preprocessor.of(SETTINGS).decoder_shrink(2_000, 2_000) == 1
    assert Preprocessor.of(replace(SETTINGS, preprocessing="Fast")).decoder_shrink(2_000, 2_000) == 8


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    ("dtype", "numpy_type", "tolerance"),
    [("Float32", np.float32, 1e-6), ("Float16", np.float16, 2e-3), ("UInt8", np.uint8, 0.5)],
)
def test_each_channel_is_scaled_shifted_and_divided(
    layout: Literal["NCHW", "NHWC"],
    channels: int,
    dtype: Literal["Float32", "Float16", "UInt8"],
    numpy_type: type[np.generic],
    tolerance: float,
) -> None:
    scale = 1.0 if dtype == "UInt8" else 1 / 255
    mean, std = IMAGENET_MEAN[:channels], IMAGENET_STD[:channels]
    if dtype == "UInt8":
        mean, std = (3.0, 100.0, 0.0)[:channels], (1.0, 2.0, 0.5)[:channels]
    settings = replace(SETTINGS, layout=layout, channels=channels, dtype=dtype, scale=scale, mean=mean, std=std)
    pixels = noise(160, 224, channels)
    expected = (pixels * scale - np.array(mean)) / np.array(std)
    if layout == "NCHW":
        expected = expected.transpose(2, 0, 1)
    result = written(pixels, settings)
    assert result.dtype == numpy_type
    if dtype == "UInt8":
        expected = expected.clip(0, 255)
    np.testing.assert_allclose(
        result.astype(float), expected, atol=tolerance, rtol=1e-3 if dtype == "Float16" else 1e-6
    )


@pytest.mark.parametrize("mode", ["Exact", "Fast"])
def test_letterbox_pads_with_black_in_the_middle(mode: Literal["Exact", "Fast"]) -> None:
    white = np.full((100, 100, 3), 255, np.uint8)
    result = written(white, replace(PLAIN, resize="Letterbox", preprocessing=mode))
    expected = np.zeros((3, 160, 224))
    expected[:, :, 32:192] = 255
    np.testing.assert_array_equal(result, expected)


def test_black_borders_are_normalised_like_black_pixels() -> None:
    result = written(np.zeros((100, 100, 3), np.uint8), replace(SETTINGS, resize="Letterbox"))
    black = -np.array(IMAGENET_MEAN) / np.array(IMAGENET_STD)
    np.testing.assert_allclose(result, np.broadcast_to(black[:, None, None], result.shape), rtol=1e-6)


def test_crop_takes_the_middle_as_pillow_does() -> None:
    pixels = picture(320, 1_000)
    middle = pixels[:, 276:724]
    result = written(pixels, replace(PLAIN, resize="Crop"))
    assert np.abs(result.transpose(1, 2, 0).astype(int) - resized(middle, (224, 160))).max() <= 1


@pytest.mark.parametrize("mode", ["Exact", "Fast"])
@pytest.mark.parametrize("resize", ["Stretch", "Letterbox", "Crop"])
@pytest.mark.parametrize("shape", [(1, 1), (1, 9_000), (9_000, 1), (3, 5)])
def test_pictures_of_odd_shapes_fill_the_whole_place(
    shape: tuple[int, int], resize: Literal["Stretch", "Letterbox", "Crop"], mode: Literal["Exact", "Fast"]
) -> None:
    result = written(np.full((*shape, 3), 200, np.uint8), replace(PLAIN, resize=resize, preprocessing=mode))
    assert set(np.unique(result)) <= {0, 200}
    assert result.max() == 200


@settings(deadline=None)
@given(value=st.integers(0, 255), scale=st.floats(1e-3, 10), mean=st.floats(-300, 300), std=st.floats(1e-3, 300))
def test_one_colour_becomes_one_number(value: int, scale: float, mean: float, std: float) -> None:
    settings = replace(
        SETTINGS, width=4, height=4, channels=1, scale=scale, mean=(mean,), std=(std,), preprocessing="Fast"
    )
    result = written(np.full((9, 9, 1), value, np.uint8), settings)
    np.testing.assert_allclose(result, (value * scale - mean) / std, rtol=1e-5, atol=1e-6)
