"""Decoding compared with the expected outputs of ONNX's test cases for the operator ImageDecoder."""

import numpy as np
import pytest
from onnx.backend.test.case.node import _image_decoder_data as frozen

from darkroom_vision.imaging.decode import decode
from darkroom_vision.imaging.pixels import Colors

GREY_JPEG = "image_decoder_decode_jpeg_grayscale"
CASES = sorted(name for name in vars(frozen) if name.startswith("image_decoder_decode_") and name != GREY_JPEG)
COLORS: dict[str, Colors] = {"rgb": "RGB", "bgr": "BGR", "grayscale": "GRAY"}


@pytest.mark.parametrize("name", CASES)
def test_an_image_has_the_pixels_that_onnx_expects(name: str) -> None:
    case = getattr(frozen, name)
    decoded = decode(case.data.tobytes(), COLORS[name.rpartition("_")[2]])
    np.testing.assert_array_equal(decoded.pixels, case.output)


def test_a_grey_jpeg_is_its_stored_luma() -> None:
    # ONNX expects the luma of the RGB pixels, which is not the stored one where colours were clipped to 0..255.
    case = getattr(frozen, GREY_JPEG)
    difference = np.abs(decode(case.data.tobytes(), "GRAY").pixels.astype(int) - case.output)
    assert difference.mean() < 1
    assert np.median(difference) == 0
