"""Applying an orientation, and mapping coordinates back from a shrunk image."""

import numpy as np
import pytest

from darkroom_vision.imaging.decode import decode
from darkroom_vision.imaging.turning import shrunk_to_upright, upright
from tests.support.images.pictures import noise, stored, with_orientation


@pytest.mark.parametrize("orientation", range(1, 9))
def test_upright_pixels_are_those_of_pillow(orientation: int) -> None:
    pixels = noise(5, 7)
    np.testing.assert_array_equal(upright(stored(pixels, orientation), orientation), pixels)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_shrunk_image_reaches_beyond_the_end_of_a_side_that_is_no_multiple(orientation: int) -> None:
    """41 x 33 shrunk 8 times: the last pixel of each stored side covers one column of the image and seven beyond it."""
    picture = np.zeros((33, 41), np.uint8)
    found = shrunk_to_upright(8, (6, 5), (41, 33), orientation)
    left, top = (round(value) for value in found.apply((1, 1)))
    picture[top : top + 8, left : left + 8] = 255
    decoded = decode(with_orientation(stored(picture, orientation), "JPEG", orientation), "GRAY", lambda *_: 8)
    expected = np.zeros((5, 6))
    expected[1, 1] = 255
    np.testing.assert_allclose(decoded.pixels[..., 0], expected, atol=8)
    assert decoded.to_image == found
    assert (left, top) == (1 if orientation in {2, 3, 6, 7} else 8, 1 if orientation in {3, 4, 7, 8} else 8)
