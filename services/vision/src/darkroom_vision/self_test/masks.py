"""Comparing masks by their intersection over union."""

from collections.abc import Iterator, Mapping
from typing import Any

from darkroom.api.self_test import ExpectedMask
from darkroom_vision.drawing.masks import mask_of
from darkroom_vision.self_test.difference import Difference, number


def mask_differences(
    path: str, expected: ExpectedMask | None, actual: Mapping[str, Any] | None, smallest: float
) -> Iterator[Difference]:
    """A difference if the intersection over union is smaller than `smallest`.

    Args:
        path: the field of the mask.
        expected: the expected mask; nothing is compared if it is None.
        actual: the mask of the result, as in the event.
        smallest: from 0 to 1.
    """
    if expected is None:
        return
    if actual is None:
        yield Difference(path, "a mask", "none")
        return
    if expected.size != list(actual["size"]):
        yield Difference(f"{path}.size", str(expected.size), str(actual["size"]))
        return
    try:
        wanted = mask_of(expected.model_dump())
    except ValueError as error:
        yield Difference(path, "a mask", f"counts that cannot be read: {error}")
        return
    found = mask_of(actual)
    union = int((wanted | found).sum())
    iou = int((wanted & found).sum()) / union if union else 1.0
    if iou < smallest:
        yield Difference(path, f"an intersection over union of at least {number(smallest)}", number(iou))
