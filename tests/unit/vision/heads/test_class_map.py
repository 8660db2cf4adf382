"""Class maps and their masks, compared with the same for every pixel."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darkroom_vision.heads.base import Frame
from darkroom_vision.heads.class_map import NO_CLASS, best_classes, class_runs, masks_by_class
from darkroom_vision.imaging.framing import Framing, fit
from darkroom_vision.imaging.geometry import Size
from tests.support.models.coco_masks import decoded

SIDES = st.integers(1, 40)


def nearest(classes: npt.NDArray[np.int16], frame: Frame) -> npt.NDArray[np.int16]:
    """The class of each pixel of the image (height, width), one by one."""
    (width, height), rows, columns = frame.size, *classes.shape
    found = np.full((height, width), NO_CLASS, np.int16)
    for y in range(height):
        for x in range(width):
            at = [
                (pixel + 0.5 - offset) / scale * cells / side
                for pixel, offset, scale, cells, side in zip(
                    (x, y), frame.to_image.offset, frame.to_image.scale, (columns, rows), frame.input_size, strict=True
                )
            ]
            column, row = int(np.floor(at[0])), int(np.floor(at[1]))
            if 0 <= column < columns and 0 <= row < rows:
                found[y, x] = classes[row, column]
    return found


@settings(deadline=None, max_examples=60)
@given(
    image=st.tuples(SIDES, SIDES),
    shape=st.tuples(SIDES, SIDES),
    resize=st.sampled_from(["Stretch", "Letterbox", "Crop"]),
    seed=st.integers(0, 100),
)
def test_masks_have_the_nearest_class_of_each_pixel(image: Size, shape: Size, resize: str, seed: int) -> None:
    placed = fit(image, Framing(32, 16, resize))  # type: ignore[arg-type]
    frame = Frame(image, placed.to_image, placed.target)
    classes = np.random.default_rng(seed).integers(NO_CLASS, 3, shape).astype(np.int16)
    classes[: shape[0] // 2] = classes[0, 0]  # long runs too
    expected = nearest(classes, frame)
    found = masks_by_class(class_runs(classes, frame))
    assert sorted(index for index, _, _ in found) == sorted(set(expected.ravel().tolist()) - {NO_CLASS})
    assert [count for _, count, _ in found] == sorted((count for _, count, _ in found), reverse=True)
    for index, count, mask in found:
        assert count == (expected == index).sum()
        np.testing.assert_array_equal(decoded(mask), expected == index)


@pytest.mark.parametrize("size", [(40, 30), (37, 23), (10, 8), (5, 4)])
@pytest.mark.parametrize("spread", [0, 0.1, 30])
def test_the_best_class_is_that_of_all_classes_enlarged(size: Size, spread: float) -> None:
    random = np.random.default_rng(0)
    logits = random.normal(size=(6, 8, 10)) + random.normal(size=(6, 1, 1)) * spread
    planes = logits.astype(np.float32)
    if size[0] > 10 or size[1] > 8:
        planes = np.stack([cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR) for plane in planes])
    np.testing.assert_array_equal(best_classes(logits.astype(np.float32), size), planes.argmax(axis=0))
