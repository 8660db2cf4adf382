"""A mask is computed from the part of the prototypes around its box, as if from all of them."""

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from darkroom_vision.heads.base import Frame
from darkroom_vision.heads.boxes.candidates import Candidates
from darkroom_vision.heads.boxes.masks import PrototypeMasks
from darkroom_vision.imaging.framing import Framing, fit
from tests.support.models.coco_masks import decoded

SIDES = st.integers(1, 120)
SHARE = st.floats(0, 1)


@settings(deadline=None, max_examples=60)
@given(image=st.tuples(SIDES, SIDES), shares=st.tuples(SHARE, SHARE, SHARE, SHARE), seed=st.integers(0, 50))
def test_a_mask_is_the_same_as_of_all_prototypes(
    image: tuple[int, int], shares: tuple[float, float, float, float], seed: int
) -> None:
    placed = fit(image, Framing(64, 64, "Letterbox"))
    frame = Frame(image, placed.to_image, placed.target)
    random = np.random.default_rng(seed)
    prototypes, coefficients = random.normal(size=(1, 4, 16, 16)).astype(np.float32), np.ones((1, 4), np.float32)
    x, y = (sorted((shares[axis] * image[axis], shares[axis + 2] * image[axis])) for axis in (0, 1))
    box = np.array([x[0], y[0], x[1], y[1]])
    row = np.zeros(1, np.int64)
    kept = Candidates.of("output", box[None].astype(np.float32), np.ones(1, np.float32), row, row, coefficients)
    (found,) = PrototypeMasks(0, "prototypes").of(kept, box[None], [prototypes], frame)

    (scale_x, scale_y), (offset_x, offset_y) = frame.to_image.scale, frame.to_image.offset
    step_x, step_y = 1 / 4 / scale_x, 1 / 4 / scale_y
    to_plane = np.array([[step_x, 0, (0.5 - offset_x) * step_x - 0.5], [0, step_y, (0.5 - offset_y) * step_y - 0.5]])
    plane = cv2.warpAffine(
        prototypes[0].sum(axis=0),
        to_plane,
        image,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    columns, rows = np.arange(image[0]) + 0.5, np.arange(image[1])[:, None] + 0.5
    inside = (columns >= x[0]) & (columns < x[1]) & (rows >= y[0]) & (rows < y[1])
    # OpenCV rounds coordinates to 1/32 of a pixel, from the corner of the box or of the image.
    clear = np.abs(plane) > 0.5
    np.testing.assert_array_equal(decoded(found["mask"])[clear], ((plane > 0) & inside)[clear])
