"""Transforms and fits."""

from dataclasses import replace

import pytest

from darkroom_vision.imaging.geometry import Fit, Transform


def test_a_part_in_the_input_maps_back_to_the_image() -> None:
    fitting = Fit(
        image=(640, 480), corner=(80, 0), size=(480, 480), inner=(240, 120), offset=(10, 20), target=(260, 150)
    )
    assert fitting.to_image == Transform((2, 4), (60, -80))
    assert fitting.to_image.apply((10, 20)) == (80, 0)
    assert fitting.to_image.apply((250, 140)) == (560, 480)


def test_transforms_are_composed() -> None:
    first, second = Transform((2, 3), (1, -1)), Transform((0.5, 4), (7, 0))
    assert second.after(first).apply((5, 6)) == second.apply(first.apply((5, 6)))


def test_the_part_in_a_copy_of_half_the_size_is_half_as_large() -> None:
    fitting = Fit((640, 480), (81, 30), (479, 480), (224, 224), (0, 0), (224, 224))
    half = fitting.on_copy((320, 240))
    assert (half.corner, half.size, half.image) == ((40.5, 15), (239.5, 240), (320, 240))
    assert (half.inner, half.offset, half.target) == (fitting.inner, fitting.offset, fitting.target)


def test_a_part_of_whole_pixels_is_slices_of_rows_and_columns() -> None:
    fitting = Fit((640, 480), (80.0, 3), (479, 470.0), (224, 224), (0, 0), (224, 224))
    assert fitting.whole_pixels == (slice(3, 473), slice(80, 559))
    assert replace(fitting, corner=(80.5, 3)).whole_pixels is None
    assert replace(fitting, size=(479, 470.25)).whole_pixels is None


@pytest.mark.parametrize(
    ("size", "inner", "times"),
    [
        ((1792, 1792), (224, 224), 8),
        ((1791, 1792), (224, 224), 4),
        ((448, 896), (224, 224), 2),
        ((447, 448), (224, 224), 1),
        ((100, 100), (224, 224), 1),
    ],
)
def test_the_decoder_never_shrinks_below_what_the_input_needs(
    size: tuple[int, int], inner: tuple[int, int], times: int
) -> None:
    assert Fit(size, (0, 0), size, inner, (0, 0), inner).decoder_shrink == times
