"""Counting the predictions of a detector that makes one or three for each cell of its feature maps."""

_STRIDES = (4, 8, 16, 32, 64)
_RANGES = [_STRIDES[i:j] for i in range(len(_STRIDES)) for j in range(i + 1, len(_STRIDES) + 1)]
_USUAL = ((8, 16, 32), (8, 16, 32, 64), (4, 8, 16, 32))
_ANCHORS = (1, 3)
_FEWEST = 21
"""Number of cells of strides 8, 16 and 32 in an input of 32 x 32."""


def boxes_per_cell(count: int, size: tuple[int | None, int | None], fewest_strides: int = 1) -> dict[int, str]:
    """The numbers of boxes per cell that give `count` predictions, each with the sum that shows it.

    Args:
        count: the number of predictions.
        size: (height, width) of the input. If it is open, any multiple of the largest stride is considered.
        fewest_strides: minimum number of feature maps.
    """
    height, width = size
    if height is None or width is None:
        return _for_any_size(count)
    for strides in (strides for strides in _RANGES if len(strides) >= fewest_strides):
        cells = [-(-height // stride) * -(-width // stride) for stride in strides]
        for boxes in _ANCHORS:
            if count == boxes * sum(cells):
                parts = " + ".join(f"{-(-height // s)} x {-(-width // s)}" for s in strides)
                return {boxes: f"{boxes} x ({parts})" if boxes > 1 else parts}
    return {}


def _for_any_size(count: int) -> dict[int, str]:
    found: dict[int, str] = {}
    for strides in _USUAL:
        cells = sum(4**i for i in range(len(strides)))
        for boxes in _ANCHORS:
            if count >= _FEWEST and count % (boxes * cells) == 0:
                times = f"{count // (boxes * cells)} x {cells} cells of strides {', '.join(map(str, strides))}"
                found.setdefault(boxes, f"{boxes} x {times}" if boxes > 1 else times)
    return found
