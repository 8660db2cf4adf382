"""The antialiased resize against Pillow's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_sample_image

from darkroom_vision.imaging.antialias import resize_antialiased
from darkroom_vision.imaging.geometry import Size
from tests.support.images.pictures import noise, resized


@settings(deadline=None)
@given(
    image=st.tuples(st.integers(1, 90), st.integers(1, 90)),
    size=st.tuples(st.integers(1, 90), st.integers(1, 90)),
    channels=st.sampled_from([1, 3]),
    seed=st.integers(0, 100),
)
def test_exact_resize_gives_pillows_antialiased_pixels(image: Size, size: Size, channels: int, seed: int) -> None:
    pixels = noise(*image, channels, seed)
    difference = np.abs(resize_antialiased(pixels, size).astype(int) - resized(pixels, size))
    assert difference.max() <= 2  # both round to whole levels between the two directions
    # Of few old pixels all new ones may be rounded the other way.
    assert min(image) < 8 or min(size) < 8 or difference.mean() <= 0.5


@pytest.mark.parametrize("size", [(224, 224), (28, 28), (500, 400), (640, 100), (800, 600), (1, 1)])
@pytest.mark.parametrize("photo", ["china.jpg", "flower.jpg"])
def test_exact_resize_of_a_photo_is_pillows_within_a_level(photo: str, size: Size) -> None:
    pixels = load_sample_image(photo)
    difference = np.abs(resize_antialiased(pixels, size).astype(int) - resized(pixels, size))
    assert difference.max() <= 1


def test_the_longest_line_of_pixels_is_resized_like_any_other() -> None:
    line = noise(1, 1_000_000, 1)
    expected = resized(line, (224, 1))
    assert np.abs(resize_antialiased(line, (224, 1)).astype(int) - expected).max() <= 1
