"""Decoding masks from both forms of COCO's run-length encoding."""

import numpy as np
import numpy.typing as npt

from darkroom_vision.drawing.masks import mask_of


def test_runs_are_in_column_major_order() -> None:
    mask = mask_of({"size": [2, 3], "counts": [1, 2, 3]})
    np.testing.assert_array_equal(mask, [[False, True, False], [True, False, False]])


def test_cocos_string_is_decoded() -> None:
    # Runs 0 1 4 1 4 1 4 1; from the fourth on, the differences from the run two before.
    np.testing.assert_array_equal(mask_of({"size": [4, 4], "counts": "01400000"}), np.eye(4, dtype=bool))
    expected = np.zeros((100, 100), bool)
    expected[20:70, 30:40] = True
    np.testing.assert_array_equal(mask_of({"size": [100, 100], "counts": rle_string(expected)}), expected)


def rle_string(mask: npt.NDArray[np.bool_]) -> str:
    """What maskApi.c's rleToString writes."""
    flat = mask.T.ravel()
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flat]).astype(int)))
    runs = np.diff([0, *edges, flat.size]).tolist()
    text = ""
    for i, run in enumerate(runs):
        number = run - runs[i - 2] if i > 2 else run
        more = True
        while more:
            bits = number & 0x1F
            number >>= 5
            more = number != -1 if bits & 0x10 else number != 0
            text += chr((bits | 0x20 if more else bits) + 48)
    return text
