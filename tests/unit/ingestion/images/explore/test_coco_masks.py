"""Areas and boxes of compressed masks, against NumPy."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from darkroom_ingestion.images.explore.coco_masks import area_and_box
from darkroom_vision.heads.run_lengths import mask_of_part


@given(st.integers(1, 40), st.integers(1, 90), st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.02, 0.5, 0.98, 1.0]))
def test_the_area_and_the_box_are_those_of_the_pixels(height: int, width: int, seed: int, density: float) -> None:
    pixels = np.random.default_rng(seed).random((height, width)) < density
    mask = mask_of_part(pixels, (0, 0), (width, height))
    area, box = area_and_box(mask["counts"], height)

    rows, columns = np.nonzero(pixels)
    assert area == len(rows)
    if area:
        left, top = int(columns.min()), int(rows.min())
        assert box == [left, top, int(columns.max()) - left + 1, int(rows.max()) - top + 1]
    else:
        assert box == [0, 0, 0, 0]
