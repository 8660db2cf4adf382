"""The area and the bounding box of masks in COCO's compressed run-length encoding."""

from collections.abc import Iterator

_BITS, _FIRST_CHARACTER = 5, 48
_MORE, _SIGN, _VALUE = 0x20, 0x10, 0x1F


def runs_of(counts: str) -> Iterator[int]:
    """The lengths of the runs of 0 and 1 in turn. Source: `rleFrString` in pycocotools' maskApi.c."""
    before: list[int] = []
    value = shift = 0
    for character in counts:
        code = ord(character) - _FIRST_CHARACTER
        value |= (code & _VALUE) << shift
        shift += _BITS
        if code & _MORE:
            continue
        if code & _SIGN:
            value -= 1 << shift
        # From the fourth on, the difference from the count two before.
        before.append(value + (before[-2] if len(before) > 2 else 0))  # noqa: PLR2004
        yield before[-1]
        value = shift = 0


def area_and_box(counts: str, height: int) -> tuple[int, list[int]]:
    """The number of pixels in a mask, and the box around them: left, top, width, height.

    Args:
        counts: the runs, as text. Pixels are in column-major order.
        height: of the image.
    """
    area = position = 0
    left, top, right, bottom = -1, height, 0, 0
    for number, length in enumerate(runs_of(counts)):
        if number % 2 and length:
            first, last = position, position + length - 1
            area += length
            left = first // height if left < 0 else left
            right = last // height
            crosses = first // height != right
            top = 0 if crosses else min(top, first % height)
            bottom = height - 1 if crosses else max(bottom, last % height)
        position += length
    return (area, [left, top, right - left + 1, bottom - top + 1]) if area else (0, [0, 0, 0, 0])
