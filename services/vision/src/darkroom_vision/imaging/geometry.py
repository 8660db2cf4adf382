"""The mapping between an image and the model's input. Sizes are (width, height) in pixels.

Coordinates are continuous and count pixels from the upper left corner: pixel (i, j) covers i <= x < i + 1 and
j <= y < j + 1, and its centre is (i + 0.5, j + 0.5). All resize functions follow this convention ("half-pixel
centres"), so resizing is a scale without an offset.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

Size = tuple[int, int]
Point = tuple[float, float]

_JPEG_SHRINKS = (8, 4, 2)


class Transform(NamedTuple):
    """From the coordinates of one image to those of another: (x, y) * scale + offset, for each axis."""

    scale: Point
    offset: Point

    def apply(self, point: Point) -> Point:
        """The coordinates of `point` in the other image."""
        (x, y), (scale_x, scale_y), (offset_x, offset_y) = point, self.scale, self.offset
        return x * scale_x + offset_x, y * scale_y + offset_y

    def after(self, first: "Transform") -> "Transform":
        """The composition: `first`, then this transform."""
        if self is UNCHANGED:
            return first
        (x, y), (first_x, first_y) = self.scale, first.scale
        return Transform((x * first_x, y * first_y), self.apply(first.offset))


UNCHANGED = Transform((1.0, 1.0), (0.0, 0.0))
"""The identity."""


@dataclass(frozen=True)
class Fit:
    """Where an image goes: its part of `size` at `corner` becomes `inner` pixels at `offset` of the model's input.

    Attributes:
        image: size of the image.
        corner, size: of the part, which may begin and end within a pixel.
        inner: size of the part in the model's input.
        offset: upper left corner of the part in the model's input.
        target: size of the model's input.
    """

    image: Size
    corner: Point
    size: Point
    inner: Size
    offset: Size
    target: Size

    @cached_property
    def to_image(self) -> Transform:
        """From the model input's coordinates to the image's."""
        scale_x, scale_y = self.size[0] / self.inner[0], self.size[1] / self.inner[1]
        (left, top), (x, y) = self.corner, self.offset
        return Transform((scale_x, scale_y), (left - x * scale_x, top - y * scale_y))

    def on_copy(self, copy: Size) -> "Fit":
        """The same fit for a copy of the image resized to `copy`."""
        if copy == self.image:
            return self
        x, y = copy[0] / self.image[0], copy[1] / self.image[1]
        corner, size = (self.corner[0] * x, self.corner[1] * y), (self.size[0] * x, self.size[1] * y)
        return Fit(copy, corner, size, self.inner, self.offset, self.target)

    @cached_property
    def whole_pixels(self) -> tuple[slice, slice] | None:
        """The part as slices of rows and columns; None if it begins or ends within a pixel."""
        (x, y), (across, down) = self.corner, self.size
        left, top, width, height = int(x), int(y), int(across), int(down)
        if (left, top, width, height) != (x, y, across, down):
            return None
        return slice(top, top + height), slice(left, left + width)

    @cached_property
    def decoder_shrink(self) -> int:
        """By how much a decoder may shrink the image (1, 2, 4 or 8) without making it smaller than the input needs."""
        for times in _JPEG_SHRINKS:
            if self.size[0] >= self.inner[0] * times and self.size[1] >= self.inner[1] * times:
                return times
        return 1
