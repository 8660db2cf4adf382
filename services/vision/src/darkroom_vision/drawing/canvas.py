"""Lines, masks and text, outlined in black or white so that they are visible on any background."""

import colorsys
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from darkroom_vision.drawing.fonts import Font, Fonts
from darkroom_vision.imaging.pixels import Pixels

Point = tuple[float, float]
Color = tuple[int, int, int]

_BLACK, _WHITE = (0, 0, 0), (255, 255, 255)
_GOLDEN_RATIO = 0.618033988749895
"""The golden ratio minus 1: its multiples modulo 1 are evenly spread hues."""
_OPACITY = 0.45
_LINE_SHARE, _TEXT_SHARE = 300, 40
"""The image's shorter side divided by these gives the width of lines and the height of text."""
_SMALLEST_TEXT = 12
_SMALLEST_SIDE = 320
"""In pixels. An image with a shorter side is enlarged, so that labels fit."""
_LONGEST_ENLARGED = 1_280
"""In pixels. No side grows beyond this."""
_LUMA_OF_DARK_TEXT = 140


def color_of(index: int) -> Color:
    """The RGB colour of class `index`."""
    red, green, blue = colorsys.hsv_to_rgb((0.05 + index * _GOLDEN_RATIO) % 1, 0.85, 1)
    return round(red * 255), round(green * 255), round(blue * 255)


class Canvas:
    """An image to draw on."""

    def __init__(self, pixels: Pixels, fonts: Fonts) -> None:
        """Draw on `pixels`, uint8 (h, w, 3) RGB, enlarged a whole number of times if the image is small."""
        self._fonts = fonts
        height, width, _ = pixels.shape
        self._scale = max(1, min(_SMALLEST_SIDE // min(height, width), _LONGEST_ENLARGED // max(height, width)))
        self._size = (height, width)
        self.image = Image.fromarray(pixels.repeat(self._scale, 0).repeat(self._scale, 1))
        side = min(self.image.size)
        self._line = max(2, round(side / _LINE_SHARE))
        self._text_size = max(_SMALLEST_TEXT, round(side / _TEXT_SHARE))

    def tint(self, mask: npt.NDArray[np.bool_], index: int) -> None:
        """Tint the pixels of `mask` (h, w) and outline them."""
        if mask.shape != self._size:
            return
        pixels = np.array(self.image)
        mask = mask.repeat(self._scale, 0).repeat(self._scale, 1)
        color = np.array(color_of(index), np.float64)
        pixels[mask] = np.rint(pixels[mask] * (1 - _OPACITY) + color * _OPACITY)
        contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(pixels, contours, -1, _BLACK, self._line + 2)
        cv2.drawContours(pixels, contours, -1, color_of(index), self._line)
        self.image = Image.fromarray(pixels)

    def polygon(self, corners: Sequence[Point], index: int) -> None:
        """Draw a closed line."""
        draw = ImageDraw.Draw(self.image)
        closed = [self._at(corner) for corner in (*corners, *corners[:2])]
        draw.line(closed, _BLACK, self._line + 2, joint="curve")
        draw.line(closed, color_of(index), self._line, joint="curve")

    def dot(self, at: Point, index: int) -> None:
        """Draw a filled circle."""
        radius = self._line * 1.5
        ImageDraw.Draw(self.image).circle(self._at(at), radius, fill=color_of(index), outline=_BLACK)

    def label(self, corner: Point, text: str, index: int) -> None:
        """Draw text on a filled rectangle with the lower left corner `corner`, moved to lie inside the image."""
        width, height = self._extent(text)
        x, y = self._at(corner)
        left = max(0.0, min(x, self.image.width - width))
        self._plate((left, y - height if y >= height else max(0.0, y)), text, color_of(index))

    def caption(self, lines: Sequence[str]) -> None:
        """Draw lines of text in the upper left corner."""
        top = 0.0
        for line in lines:
            self._plate((0.0, top), line, _BLACK)
            top += self._extent(line)[1]

    def subtitle(self, text: str) -> None:
        """Add a white strip below the image, at most as high as the image, with `text` as large as fits."""
        strip = min(self.image.height, round(self.image.width / 8))
        size = max(_SMALLEST_TEXT, round(strip * 0.6))
        font = self._fonts.font(text, size)
        if (width := font.getlength(text)) > (room := self.image.width * 0.96):
            font = self._fonts.font(text, max(_SMALLEST_TEXT, int(size * room / width)))
        extended = Image.new("RGB", (self.image.width, self.image.height + strip), _WHITE)
        extended.paste(self.image)
        middle = (self.image.width / 2, self.image.height + strip / 2)
        ImageDraw.Draw(extended).text(middle, text, fill=_BLACK, font=font, anchor="mm")
        self.image = extended

    def _plate(self, corner: Point, text: str, color: Color) -> None:
        draw = ImageDraw.Draw(self.image)
        width, height = self._extent(text)
        pad = self._line
        draw.rectangle(
            (corner[0], corner[1], corner[0] + width - 1, corner[1] + height - 1), fill=color, outline=_WHITE
        )
        draw.text((corner[0] + 2 * pad, corner[1] + pad), text, fill=_ink(color), font=self._font(text))

    def _font(self, text: str) -> Font:
        return self._fonts.font(text, self._text_size)

    def _at(self, point: Point) -> Point:
        return point[0] * self._scale, point[1] * self._scale

    def _extent(self, text: str) -> tuple[float, float]:
        _, _, right, bottom = ImageDraw.Draw(self.image).textbbox((0, 0), text or " ", font=self._font(text))
        return right + 4 * self._line, bottom + 2 * self._line


def _ink(color: Color) -> Color:
    """Black on light colours, white on dark ones (ITU-R 601 luma)."""
    red, green, blue = color
    return _BLACK if 0.299 * red + 0.587 * green + 0.114 * blue > _LUMA_OF_DARK_TEXT else _WHITE
