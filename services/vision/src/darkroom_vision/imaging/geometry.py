"""Which part of an image goes where in the model's input, and the way back. Sizes are (width, height) in pixels.

Coordinates are continuous and count pixels from the upper left corner: pixel (i, j) covers i <= x < i + 1 and
j <= y < j + 1, and its centre is (i + 0.5, j + 0.5). Every resizer here keeps to that ("half-pixel centres"), so
resizing is a scale without an offset.
"""

from dataclasses import dataclass
from typing import Literal

Resize = Literal["Stretch", "Letterbox", "Crop"]
Size = tuple[int, int]
Point = tuple[float, float]

_JPEG_SHRINKS = (8, 4, 2)


@dataclass(frozen=True, slots=True)
class Transform:
    """From the coordinates of one picture to those of another: (x, y) becomes (x, y) * scale + offset, axis by axis."""

    scale: Point
    offset: Point

    def apply(self, point: Point) -> Point:
        """Where `point` lies in the other picture."""
        (x, y), (scale_x, scale_y), (offset_x, offset_y) = point, self.scale, self.offset
        return x * scale_x + offset_x, y * scale_y + offset_y

    def after(self, first: "Transform") -> "Transform":
        """`first`, then this one."""
        (x, y), (first_x, first_y) = self.scale, first.scale
        return Transform((x * first_x, y * first_y), self.apply(first.offset))


UNCHANGED = Transform((1.0, 1.0), (0.0, 0.0))
"""Both pictures have the same coordinates."""


@dataclass(frozen=True, slots=True)
class Fit:
    """The part of `size` pixels at `corner` of the image becomes `inner` pixels at `offset` of the model's input."""

    corner: Size
    size: Size
    inner: Size
    offset: Size

    @property
    def to_image(self) -> Transform:
        """From the model input's coordinates to the image's."""
        scale_x, scale_y = self.size[0] / self.inner[0], self.size[1] / self.inner[1]
        (left, top), (x, y) = self.corner, self.offset
        return Transform((scale_x, scale_y), (left - x * scale_x, top - y * scale_y))


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
