"""Which part of an image goes where in the model's input: Stretch, Letterbox and Crop. Sizes are (width, height)."""

from dataclasses import dataclass
from typing import Literal

Resize = Literal["Stretch", "Letterbox", "Crop"]
Size = tuple[int, int]

_JPEG_SHRINKS = (8, 4, 2)


@dataclass(frozen=True, slots=True)
class Fit:
    """The part of `size` pixels at `corner` of the image becomes `inner` pixels at `offset` of the model's input."""

    corner: Size
    size: Size
    inner: Size
    offset: Size


def fit(image: Size, target: Size, resize: Resize) -> Fit:
    """Where an image of one size goes in a model's input of another.

    Stretch takes everything and ignores the aspect ratio. Letterbox takes everything, keeps the ratio and leaves
    borders of equal width. Crop takes the largest part in the middle that has the target's ratio.
    """
    (width, height), (target_width, target_height) = image, target
    if resize == "Letterbox":
        scale = min(target_width / width, target_height / height)
        inner = (max(1, round(width * scale)), max(1, round(height * scale)))
        offset = ((target_width - inner[0]) // 2, (target_height - inner[1]) // 2)
        return Fit((0, 0), image, inner, offset)
    if resize == "Crop":
        scale = max(target_width / width, target_height / height)
        size = (max(1, min(width, round(target_width / scale))), max(1, min(height, round(target_height / scale))))
        return Fit(((width - size[0]) // 2, (height - size[1]) // 2), size, target, (0, 0))
    return Fit((0, 0), image, target, (0, 0))


def decoder_shrink(image: Size, target: Size, resize: Resize) -> int:
    """How many times smaller a decoder may make the image with no side falling below what `fit` makes of it."""
    wanted = fit(image, target, resize)
    for times in _JPEG_SHRINKS:
        if wanted.size[0] >= wanted.inner[0] * times and wanted.size[1] >= wanted.inner[1] * times:
            return times
    return 1
