"""Resizing compared with the expected outputs of ONNX's test cases for the operator Resize.

Their inputs are small numbers, which become pixel values: results may differ by the rounding to levels. Cases with
coordinates that no image library uses are left out: align_corners, asymmetric, half_pixel_symmetric, and nearest pixels
by floor or ceil.
"""

import numpy as np
import pytest

from darkroom.api.input import Interpolation
from darkroom_vision.imaging.geometry import Fit
from darkroom_vision.imaging.pixels import Pixels
from darkroom_vision.imaging.resample import resize_as_opencv, resize_as_pillow
from tests.support.models.onnx_cases import OnnxCase, onnx_cases

CASES = {case.name: case for case in onnx_cases("resize", "Resize")}
FILTERS: dict[str, Interpolation] = {"nearest": "Nearest", "linear": "Bilinear", "cubic": "Bicubic"}
OPENCV = (
    "resize_upsample_scales_linear",
    "resize_downsample_scales_linear",
    "resize_upsample_scales_cubic",
    "resize_downsample_scales_cubic",
    "resize_upsample_sizes_cubic",
    "resize_downsample_sizes_cubic",
)
"""Linear, and cubic with a = -0.75 and repeated border pixels."""
PILLOW = ("resize_upsample_scales_linear", "resize_upsample_scales_cubic_A_n0p5_exclude_outside")
"""Linear, and cubic with a = -0.5 and weights that add up to 1 within the image; only when enlarging."""
NEAREST = (
    "resize_upsample_scales_nearest",
    "resize_downsample_scales_nearest",
    "resize_upsample_sizes_nearest",
    "resize_upsample_sizes_nearest_not_larger",
    "resize_upsample_sizes_nearest_not_smaller",
)
"""Those without ties: of two equally near pixels, ONNX takes the first, image libraries take the second."""
CROPS = ("resize_tf_crop_and_resize", "resize_tf_crop_and_resize_axes_2_3", "resize_tf_crop_and_resize_axes_3_2")


def levels(case: OnnxCase) -> tuple[Pixels, float]:
    """The input as pixels (h, w, 1), and how many levels are 1 of the input."""
    plane = case.inputs["X"][0, 0]
    factor = 250 // plane.max()
    return (plane * factor).astype(np.uint8)[..., None], float(factor)


def fitting(case: OnnxCase) -> Fit:
    """The part that the output shows: with scales, it may end within a pixel."""
    (height, width), (rows, columns) = case.inputs["X"].shape[2:], case.output.shape[2:]
    scales = case.inputs.get("scales")
    down, across = (rows / height, columns / width) if scales is None else map(float, scales[-2:])
    return Fit((width, height), (0, 0), (columns / across, rows / down), (columns, rows), (0, 0), (columns, rows))


def assert_same(found: Pixels, case: OnnxCase, factor: float, tolerance: float) -> None:
    expected = np.clip(case.output[0, 0] * factor, 0, 255)  # cubic filters overshoot
    np.testing.assert_allclose(found[..., 0].astype(float), expected, atol=tolerance)


@pytest.mark.parametrize("name", OPENCV)
def test_filters_of_opencv(name: str) -> None:
    pixels, factor = levels(CASES[name])
    found = resize_as_opencv(pixels, fitting(CASES[name]), FILTERS[CASES[name].attributes["mode"]])
    assert_same(found, CASES[name], factor, 1)


@pytest.mark.parametrize("name", PILLOW)
def test_filters_of_pillow(name: str) -> None:
    pixels, factor = levels(CASES[name])
    found = resize_as_pillow(pixels, fitting(CASES[name]), FILTERS[CASES[name].attributes["mode"]])
    assert_same(found, CASES[name], factor, 1)


@pytest.mark.parametrize("name", NEAREST)
def test_the_nearest_pixel(name: str) -> None:
    pixels, factor = levels(CASES[name])
    for resize in (resize_as_pillow, resize_as_opencv):
        assert_same(resize(pixels, fitting(CASES[name]), "Nearest"), CASES[name], factor, 0)


def test_a_linear_filter_with_antialiasing_is_pillows_within_the_image() -> None:
    # At the borders, ONNX repeats the outermost pixels, and Pillow takes only pixels of the image: the filter for the
    # pixel in the centre does not reach them. Cubic cases are left out: with a = -0.75, Pillow's is -0.5.
    case = CASES["resize_downsample_sizes_linear_antialias"]
    pixels, factor = levels(case)
    found = resize_as_pillow(pixels, fitting(case), "Bilinear")
    assert found[1, 1, 0] == pytest.approx(case.output[0, 0, 1, 1] * factor, abs=1)


@pytest.mark.parametrize("name", CROPS)
def test_a_crop_that_begins_within_a_pixel(name: str) -> None:
    # TensorFlow's crop spans the centres of its first and last pixel: (y, x) of the start, then of the end.
    case = CASES[name]
    pixels, factor = levels(case)
    height, width = pixels.shape[:2]
    rows, columns = case.output.shape[2:]
    roi = case.inputs["roi"].astype(float)
    axes = case.attributes.get("axes", range(4))
    start, end = (dict(zip(axes, half, strict=True)) for half in (roi[: len(axes)], roi[len(axes) :]))
    (top, down), (left, across) = (
        (start[axis] * (side - 1), (end[axis] - start[axis]) * (side - 1) / (count - 1))
        for axis, side, count in ((2, height, rows), (3, width, columns))
    )
    corner = (left + (1 - across) / 2, top + (1 - down) / 2)
    part = Fit((width, height), corner, (across * columns, down * rows), (columns, rows), (0, 0), (columns, rows))
    assert_same(resize_as_opencv(pixels, part, "Bilinear"), case, factor, 2)  # a resolution of 1/32 pixel
