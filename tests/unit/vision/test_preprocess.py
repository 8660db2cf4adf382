"""Pre-processing compared with Pillow's resize and NumPy's arithmetic."""

from dataclasses import replace
from typing import Any, Literal, get_args

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from darkroom.api.input import Interpolation
from darkroom_vision.imaging.decode import decode
from darkroom_vision.imaging.framing import Framing, Resize
from darkroom_vision.imaging.geometry import Size
from darkroom_vision.model.extra_inputs import ExtraInputs
from darkroom_vision.model.input import ResolvedInput
from darkroom_vision.preprocess import ModelInput, Preprocessor
from tests.support.images.pictures import Pixels, encoded, noise, photograph, picture, resized

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SETTINGS = ResolvedInput(
    name="image",
    framing=Framing(224, 160),
    channels=3,
    layout="NCHW",
    dtype="Float32",
    scale=1 / 255,
    mean=IMAGENET_MEAN,
    std=IMAGENET_STD,
    pad=(0, 0, 0),
    interpolation="Bilinear",
    antialias=True,
    colors="RGB",
    preprocessing="Exact",
    form="Batch",
    extra=ExtraInputs({}, ()),
)
PLAIN = replace(SETTINGS, scale=1.0, mean=(0.0,) * 3, std=(1.0,) * 3)


def written(pixels: Pixels, settings: ResolvedInput) -> ModelInput:
    preprocessor = Preprocessor.of(settings)
    fitting = preprocessor.fit((pixels.shape[1], pixels.shape[0]))
    target = preprocessor.empty_input(fitting.target)
    target.fill(7)
    preprocessor.write(pixels, fitting, target)
    return target


def framed(settings: ResolvedInput, resize: Resize, **changes: Any) -> ResolvedInput:
    return replace(settings, framing=replace(settings.framing, resize=resize), **changes)


@pytest.mark.parametrize("resize", ["Stretch", "Letterbox", "Crop"])
@pytest.mark.parametrize(("kind", "bound"), [("JPEG", 2.5), ("PNG", 1.5)])
@pytest.mark.parametrize("size", [(900, 600), (600, 400), (440, 310), (330, 240), (230, 170)])
def test_fast_differs_little_from_exact(resize: Resize, kind: str, bound: float, size: Size) -> None:
    data = encoded(Image.fromarray(photograph("china.jpg")).resize(size), kind, compress_level=1)
    exact, fast = (Preprocessor.of(framed(PLAIN, resize, preprocessing=mode)) for mode in ("Exact", "Fast"))
    results = []
    for preprocessor in (exact, fast):
        fitting = preprocessor.fit(size)
        target = preprocessor.empty_input(fitting.target)
        decoded = decode(data, preprocessor.colors, preprocessor.decoder_shrink)
        preprocessor.write(decoded.pixels, fitting, target)
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
def test_letterbox_centres_the_image_and_pads_with_black(mode: Literal["Exact", "Fast"]) -> None:
    white = np.full((100, 100, 3), 255, np.uint8)
    result = written(white, framed(PLAIN, "Letterbox", preprocessing=mode))
    expected = np.zeros((3, 160, 224))
    expected[:, :, 32:192] = 255
    np.testing.assert_array_equal(result, expected)


def test_black_borders_are_normalised_like_black_pixels() -> None:
    result = written(np.zeros((100, 100, 3), np.uint8), framed(SETTINGS, "Letterbox"))
    black = -np.array(IMAGENET_MEAN) / np.array(IMAGENET_STD)
    np.testing.assert_allclose(result, np.broadcast_to(black[:, None, None], result.shape), rtol=1e-6)


def test_crop_is_the_centre_of_pillows_resized_image() -> None:
    pixels = picture(320, 1_000)
    result = written(pixels, framed(PLAIN, "Crop"))
    np.testing.assert_array_equal(result.transpose(1, 2, 0), resized(pixels, (500, 160))[:, 138:362])


@pytest.mark.parametrize("interpolation", get_args(Interpolation))
@pytest.mark.parametrize("size", [(1_000, 700), (641, 429), (640, 300), (501, 399), (224, 224), (31, 17)])
def test_exact_is_pillow_within_a_level_for_every_filter(size: Size, interpolation: Interpolation) -> None:
    pixels = photograph("flower.jpg").copy()
    pixels[100:200, 100:200] = noise(100, 100)
    filters = {"Area": "BOX", "Nearest": "NEAREST", "Bilinear": "BILINEAR", "Bicubic": "BICUBIC"}
    image = Image.fromarray(pixels)
    expected = image.resize(size, Image.Resampling[filters[interpolation]], reducing_gap=None)
    result = written(pixels, replace(PLAIN, framing=Framing(*size), interpolation=interpolation))
    assert np.abs(result.transpose(1, 2, 0).astype(int) - np.asarray(expected)).max() <= 1


def test_an_imagenet_evaluation_is_pillows_resize_to_256_and_the_central_224() -> None:
    pixels = photograph("flower.jpg")  # 640 x 427: Resize(256) makes 383 x 256, CenterCrop begins at 80, 16
    settings = replace(PLAIN, framing=Framing(224, 224, "Crop", crop_fraction=0.875))
    expected = resized(pixels, (383, 256))[16:240, 80:304]
    exact = written(pixels, settings).transpose(1, 2, 0)
    assert np.abs(exact.astype(int) - expected).max() <= 1
    fast = written(pixels, replace(settings, preprocessing="Fast")).transpose(1, 2, 0)
    assert np.abs(fast.astype(int) - expected).mean() < 1.5


def test_a_letterbox_without_antialiasing_is_ultralytics_pixel_by_pixel() -> None:
    pixels = photograph("china.jpg")  # 640 x 427
    inner = cv2.resize(pixels, (320, 214), interpolation=cv2.INTER_LINEAR)  # round(213.5): half to even
    expected = cv2.copyMakeBorder(inner, 53, 53, 0, 0, cv2.BORDER_CONSTANT, value=(114, 114, 114))
    settings = replace(PLAIN, framing=Framing(320, 320, "Letterbox"), pad=(114,) * 3, antialias=False)
    for mode in ("Exact", "Fast"):
        result = written(pixels, replace(settings, preprocessing=mode))
        np.testing.assert_array_equal(result.transpose(1, 2, 0), expected)


def test_the_border_can_have_a_value_per_channel() -> None:
    settings = replace(PLAIN, framing=Framing(8, 4, "Letterbox", pad_at="TopLeft"), pad=(124, 116, 104))
    result = written(np.zeros((4, 4, 3), np.uint8), settings)
    np.testing.assert_array_equal(result[:, :, :4], 0)
    np.testing.assert_array_equal(result[:, :, 4:], np.broadcast_to([[[124]], [[116]], [[104]]], (3, 4, 4)))


@pytest.mark.parametrize("mode", ["Exact", "Fast"])
def test_an_input_of_open_size_follows_the_image(mode: Literal["Exact", "Fast"]) -> None:
    settings = replace(PLAIN, framing=Framing(None, None, longest_side=320, multiple_of=32), preprocessing=mode)
    assert written(picture(427, 640), settings).shape == (3, 224, 320)
    assert written(picture(900, 300), settings).shape == (3, 320, 96)


@pytest.mark.parametrize("mode", ["Exact", "Fast"])
@pytest.mark.parametrize("resize", ["Stretch", "Letterbox", "Crop"])
@pytest.mark.parametrize("shape", [(1, 1), (1, 9_000), (9_000, 1), (3, 5)])
def test_images_with_extreme_aspect_ratios_fill_their_part(
    shape: tuple[int, int], resize: Resize, mode: Literal["Exact", "Fast"]
) -> None:
    result = written(np.full((*shape, 3), 200, np.uint8), framed(PLAIN, resize, preprocessing=mode))
    assert set(np.unique(result)) <= {0, 200}
    assert result.max() == 200


@settings(deadline=None)
@given(value=st.integers(0, 255), scale=st.floats(1e-3, 10), mean=st.floats(-300, 300), std=st.floats(1e-3, 300))
def test_an_image_of_one_colour_has_one_value(value: int, scale: float, mean: float, std: float) -> None:
    settings = replace(
        SETTINGS, framing=Framing(4, 4), channels=1, scale=scale, mean=(mean,), std=(std,), preprocessing="Fast"
    )
    result = written(np.full((9, 9, 1), value, np.uint8), settings)
    np.testing.assert_allclose(result, (value * scale - mean) / std, rtol=1e-5, atol=1e-6)
