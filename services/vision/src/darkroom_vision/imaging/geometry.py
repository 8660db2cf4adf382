"""Where an image lies in the model's input, and the way back. Sizes are (width, height) in pixels.

Coordinates are continuous and count pixels from the upper left corner: pixel (i, j) covers i <= x < i + 1 and
j <= y < j + 1, and its centre is (i + 0.5, j + 0.5). Every resizer here keeps to that ("half-pixel centres"), so
resizing is a scale without an offset.
"""

from dataclasses import dataclass, replace

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

    @property
    def to_image(self) -> Transform:
        """From the model input's coordinates to the image's."""
        scale_x, scale_y = self.size[0] / self.inner[0], self.size[1] / self.inner[1]
        (left, top), (x, y) = self.corner, self.offset
        return Transform((scale_x, scale_y), (left - x * scale_x, top - y * scale_y))

    def on_copy(self, copy: Size) -> "Fit":
        """The same for a copy of the image in another size."""
        if copy == self.image:
            return self
        x, y = copy[0] / self.image[0], copy[1] / self.image[1]
        corner, size = (self.corner[0] * x, self.corner[1] * y), (self.size[0] * x, self.size[1] * y)
        return replace(self, image=copy, corner=corner, size=size)

    @property
    def whole_pixels(self) -> tuple[slice, slice] | None:
        """The part as rows and columns, if it begins and ends between pixels."""
        if not all(float(side).is_integer() for side in (*self.corner, *self.size)):
            return None
        (left, top), (width, height) = map(int, self.corner), map(int, self.size)
        return slice(top, top + height), slice(left, left + width)

    @property
    def decoder_shrink(self) -> int:
        """How many times smaller a decoder may make the image with no side falling below what is made of it."""
        for times in _JPEG_SHRINKS:
            if self.size[0] >= self.inner[0] * times and self.size[1] >= self.inner[1] * times:
                return times
        return 1
