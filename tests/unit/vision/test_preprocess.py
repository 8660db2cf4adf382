"""Pre-processing against Pillow's resize and NumPy's arithmetic."""

from dataclasses import replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sklearn.datasets import load_sample_image

from darkroom_vision.imaging.antialias import resize_antialiased
from darkroom_vision.imaging.decode import decode
from darkroom_vision.imaging.geometry import Size
from darkroom_vision.model.input import ResolvedInput
from darkroom_vision.preprocess import Preprocessor
from tests.support.pictures import Pixels, encoded, noise, picture

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
    batches=True,
)
PLAIN = replace(SETTINGS, scale=1.0, mean=(0.0,) * 3, std=(1.0,) * 3)


def written(pixels: Pixels, settings: ResolvedInput) -> npt.NDArray[np.float32 | np.float16 | np.uint8]:
    """The second of two images of a batch; the first must stay as it was."""
    preprocessor = Preprocessor.of(settings)
    batch = preprocessor.empty_batch(2)
    batch.fill(7)
    preprocessor.write(pixels, batch[1])
    assert (batch[0] == 7).all()
    second: npt.NDArray[np.float32 | np.float16 | np.uint8] = batch[1]
    return second


def by_pillow(pixels: Pixels, size: Size) -> Pixels:
    image = Image.fromarray(pixels if pixels.shape[2] > 1 else pixels[..., 0])
    return np.asarray(image.resize(size, Image.Resampling.BILINEAR)).reshape(size[1], size[0], pixels.shape[2])


@settings(deadline=None)
@given(
    image=st.tuples(st.integers(1, 90), st.integers(1, 90)),
    size=st.tuples(st.integers(1, 90), st.integers(1, 90)),
    channels=st.sampled_from([1, 3]),
    seed=st.integers(0, 100),
)
def test_exact_resize_gives_pillows_antialiased_pixels(image: Size, size: Size, channels: int, seed: int) -> None:
    pixels = noise(*image, channels, seed)
    difference = np.abs(resize_antialiased(pixels, size).astype(int) - by_pillow(pixels, size))
    assert difference.max() <= 2  # both round to whole levels between the two directions
    # Of few old pixels all new ones may be rounded the other way.
    assert min(image) < 8 or min(size) < 8 or difference.mean() <= 0.5


@pytest.mark.parametrize("size", [(224, 224), (28, 28), (500, 400), (640, 100), (800, 600), (1, 1)])
@pytest.mark.parametrize("photo", ["china.jpg", "flower.jpg"])
def test_exact_resize_of_a_photo_is_pillows_within_a_level(photo: str, size: Size) -> None:
    pixels = load_sample_image(photo)
    difference = np.abs(resize_antialiased(pixels, size).astype(int) - by_pillow(pixels, size))
    assert difference.max() <= 1


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
        batch = preprocessor.empty_batch(1)
        decoded = decode(data, preprocessor.colors, preprocessor.decoder_shrink)
        preprocessor.write(decoded.pixels, batch[0])
        results.append(batch[0])
    assert np.abs(results[0] - results[1]).mean() < bound


def test_the_longest_line_of_pixels_is_resized_like_any_other() -> None:
    line = noise(1, 1_000_000, 1)
    expected = by_pillow(line, (224, 1))
    assert np.abs(resize_antialiased(line, (224, 1)).astype(int) - expected).max() <= 1


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
    assert np.abs(result.transpose(1, 2, 0).astype(int) - by_pillow(middle, (224, 160))).max() <= 1


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
