"""Resizing compared with Pillow and OpenCV."""

from dataclasses import replace
from typing import get_args

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from darkroom.api.input import Interpolation
from darkroom_vision.imaging.geometry import Fit, Size
from darkroom_vision.imaging.resample import resize_a_little, resize_as_opencv, resize_as_pillow
from tests.support.images.pictures import Pixels, noise, photograph

PILLOW = {
    "Bilinear": Image.Resampling.BILINEAR,
    "Bicubic": Image.Resampling.BICUBIC,
    "Nearest": Image.Resampling.NEAREST,
    "Area": Image.Resampling.BOX,
}
SIDES = st.integers(1, 90)


def whole(pixels: Pixels, size: Size) -> Fit:
    image = (pixels.shape[1], pixels.shape[0])
    return Fit(image, (0, 0), image, size, (0, 0), size)


def by_pillow(pixels: Pixels, fitting: Fit, interpolation: Interpolation) -> Pixels:
    (left, top), (width, height) = fitting.corner, fitting.size
    image = Image.fromarray(pixels if pixels.shape[2] > 1 else pixels[..., 0])
    box = (left, top, left + width, top + height)
    resized = image.resize(fitting.inner, PILLOW[interpolation], box, reducing_gap=None)
    return np.asarray(resized).reshape(fitting.inner[1], fitting.inner[0], pixels.shape[2])


@settings(deadline=None)
@given(
    image=st.tuples(SIDES, SIDES),
    size=st.tuples(SIDES, SIDES),
    part=st.tuples(st.floats(0, 0.4), st.floats(0, 0.4), st.floats(0.1, 0.6), st.floats(0.1, 0.6)),
    channels=st.sampled_from([1, 3]),
    interpolation=st.sampled_from(get_args(Interpolation)),
    seed=st.integers(0, 100),
)
def test_any_part_is_resized_to_pillows_pixels(
    image: Size,
    size: Size,
    part: tuple[float, float, float, float],
    channels: int,
    interpolation: Interpolation,
    seed: int,
) -> None:
    pixels = noise(image[1], image[0], channels, seed)
    corner, extent = (part[0] * image[0], part[1] * image[1]), (part[2] * image[0], part[3] * image[1])
    fitting = replace(whole(pixels, size), corner=corner, size=extent)
    np.testing.assert_array_equal(
        resize_as_pillow(pixels, fitting, interpolation), by_pillow(pixels, fitting, interpolation)
    )


def test_a_line_of_a_million_pixels_is_resized_to_pillows_pixels() -> None:
    line = noise(1, 1_000_000, 1)
    np.testing.assert_array_equal(
        resize_as_pillow(line, whole(line, (224, 1)), "Bilinear"), by_pillow(line, whole(line, (224, 1)), "Bilinear")
    )


@pytest.mark.parametrize(
    ("interpolation", "flag"),
    [("Bilinear", cv2.INTER_LINEAR), ("Bicubic", cv2.INTER_CUBIC), ("Area", cv2.INTER_AREA)],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_filters_without_antialiasing_are_opencvs(interpolation: Interpolation, flag: int, channels: int) -> None:
    pixels = noise(50, 70, channels)
    expected = cv2.resize(pixels, (33, 21), interpolation=flag).reshape(21, 33, channels)
    np.testing.assert_array_equal(resize_as_opencv(pixels, whole(pixels, (33, 21)), interpolation), expected)


def test_area_is_not_shifted_if_one_side_shrinks_and_the_other_grows() -> None:
    line = np.zeros((1, 15, 1), np.uint8)
    line[:, 2:12] = 255
    found = resize_as_opencv(line, whole(line, (3, 2)), "Area")
    assert found[..., 0].tolist() == [[153, 255, 102]] * 2  # 3 and 2 of 5 pixels


def test_opencvs_nearest_pixel_is_pillows() -> None:
    pixels = noise(50, 70)
    np.testing.assert_array_equal(
        resize_as_opencv(pixels, whole(pixels, (35, 25)), "Nearest"),
        by_pillow(pixels, whole(pixels, (35, 25)), "Nearest"),
    )


@pytest.mark.parametrize("size", [(639, 426), (500, 400), (400, 300), (321, 214), (800, 600)])
@pytest.mark.parametrize("photo", ["china.jpg", "flower.jpg"])
def test_shrinking_a_photo_a_little_is_pillows_within_a_level_and_a_half_on_average(photo: str, size: Size) -> None:
    pixels = photograph(photo)
    difference = np.abs(
        resize_a_little(pixels, whole(pixels, size)).astype(int) - by_pillow(pixels, whole(pixels, size), "Bilinear")
    )
    assert difference.mean() < 1.5


@pytest.mark.parametrize("interpolation", ["Bilinear", "Bicubic"])
def test_a_part_that_begins_within_a_pixel_is_cut_from_opencvs_resized_image(interpolation: Interpolation) -> None:
    pixels = photograph("china.jpg")
    resized = resize_as_opencv(pixels, whole(pixels, (401, 267)), interpolation)
    x, y = pixels.shape[1] / 401, pixels.shape[0] / 267
    part = replace(whole(pixels, (224, 224)), corner=(88 * x, 21 * y), size=(224 * x, 224 * y))
    difference = np.abs(resize_as_opencv(pixels, part, interpolation).astype(int) - resized[21:245, 88:312])
    assert difference.mean() < 0.5
    assert np.quantile(difference, 0.999) <= 5
