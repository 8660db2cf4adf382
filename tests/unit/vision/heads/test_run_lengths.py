"""Encoding masks as COCO's strings, compared with strings written by pycocotools 2.0."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from darkroom_vision.heads.run_lengths import mask_of_part
from tests.support.models.coco_masks import decoded

Mask = npt.NDArray[np.bool_]


def filled(shape: tuple[int, int], *parts: tuple[slice, slice]) -> Mask:
    found = np.zeros(shape, bool)
    for rows, columns in parts:
        found[rows, columns] = True
    return found


def whole(mask: Mask) -> str:
    text: str = mask_of_part(mask, (0, 0), (mask.shape[1], mask.shape[0]))["counts"]
    return text


@pytest.mark.parametrize(
    ("mask", "counts"),
    [
        (filled((4, 5)), "d0"),
        (filled((4, 5), (slice(4), slice(5))), "0d0"),
        (filled((4, 5), (slice(1, 3), slice(1, 4))), "5220003"),
        (filled((4, 5), (slice(4), slice(1, 3))), "488"),
        (filled((4, 5), (slice(1), slice(1)), (slice(3, 4), slice(4, 5))), "01b00"),
        (filled((3000, 4000), (slice(2999, 3000), slice(3999, 4000))), "ogV^;1"),
    ],
)
def test_masks_are_encoded_as_by_pycocotools(mask: Mask, counts: str) -> None:
    assert whole(mask) == counts


def test_large_and_noisy_masks_are_encoded_as_by_pycocotools() -> None:
    y, x = np.mgrid[:480, :640]
    disc = whole((x - 300) ** 2 + (y - 200) ** 2 < 150**2)
    assert hashlib.sha256(disc.encode()).hexdigest().startswith("b71699cea2ecf13d")
    i = np.arange(480 * 640).reshape(480, 640)
    rough = whole((i * i % 7919) % 5 == 0)
    assert hashlib.sha256(rough.encode()).hexdigest().startswith("d415e6182b0b627a")


@given(
    arrays.arrays(bool, st.tuples(st.integers(0, 6), st.integers(0, 6))),
    *(st.integers(0, 3) for _ in range(4)),
)
def test_a_part_is_at_its_position_in_the_image(part: Mask, left: int, top: int, right: int, bottom: int) -> None:
    expected = np.pad(part, ((top, bottom), (left, right)))
    if expected.size:
        found = mask_of_part(part, (left, top), (expected.shape[1], expected.shape[0]))
        assert (decoded(found) == expected).all()


def test_the_function_in_the_docs_decodes_masks() -> None:
    page = Path(__file__).resolve().parents[4] / "docs" / "reference" / "events.md"
    _, _, rest = page.read_text().partition("```python\n")
    names: dict[str, Any] = {}
    exec(rest.partition("```")[0], names)
    y, x = np.mgrid[:48, :64]
    disc = (x - 30) ** 2 + (y - 20) ** 2 < 15**2
    assert (names["pixels"](mask_of_part(disc, (0, 0), (64, 48))) == disc).all()
