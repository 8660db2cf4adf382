"""Which part of an image goes where."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darkroom_vision.imaging.geometry import Fit, Resize, Size, decoder_shrink, fit

SIZES = st.tuples(st.integers(1, 20_000), st.integers(1, 20_000))
TARGETS = st.tuples(st.integers(1, 1_024), st.integers(1, 1_024))
RESIZES: st.SearchStrategy[Resize] = st.sampled_from(["Stretch", "Letterbox", "Crop"])


@pytest.mark.parametrize(
    ("image", "resize", "expected"),
    [
        ((640, 480), "Stretch", Fit((0, 0), (640, 480), (224, 224), (0, 0))),
        ((640, 480), "Letterbox", Fit((0, 0), (640, 480), (224, 168), (0, 28))),
        ((480, 640), "Letterbox", Fit((0, 0), (480, 640), (168, 224), (28, 0))),
        ((640, 480), "Crop", Fit((80, 0), (480, 480), (224, 224), (0, 0))),
        ((480, 640), "Crop", Fit((0, 80), (480, 480), (224, 224), (0, 0))),
        ((10_000, 1), "Letterbox", Fit((0, 0), (10_000, 1), (224, 1), (0, 111))),
        ((10_000, 1), "Crop", Fit((4_999, 0), (1, 1), (224, 224), (0, 0))),
    ],
)
def test_known_sizes_go_where_they_should(image: Size, resize: Resize, expected: Fit) -> None:
    assert fit(image, (224, 224), resize) == expected


@settings(deadline=None)
@given(image=SIZES, target=TARGETS, resize=RESIZES)
def test_everything_lies_within_the_image_and_within_the_target(image: Size, target: Size, resize: Resize) -> None:
    found = fit(image, target, resize)
    for axis in (0, 1):
        assert found.corner[axis] >= 0
        assert found.size[axis] >= 1
        assert found.corner[axis] + found.size[axis] <= image[axis]
        assert found.offset[axis] >= 0
        assert found.inner[axis] >= 1
        assert found.offset[axis] + found.inner[axis] <= target[axis]


@settings(deadline=None)
@given(image=SIZES, target=TARGETS, resize=RESIZES)
def test_decoder_never_goes_below_what_is_needed_and_never_stops_early(
    image: Size, target: Size, resize: Resize
) -> None:
    times = decoder_shrink(image, target, resize)
    needed = fit(image, target, resize)

    def enough(factor: int) -> bool:
        return all(needed.size[axis] / factor >= needed.inner[axis] for axis in (0, 1))

    assert times == 1 or enough(times)
    assert times == 8 or not enough(times * 2)
