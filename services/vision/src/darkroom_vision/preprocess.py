"""Pixels -> the model's input: resize, then (x * scale - mean) / std, written into one image's place in a batch.

A pixel has 256 values, so the arithmetic is done once, in float64, for each of them and channel; an image only looks
them up. That makes every element type the same work and the result as exact as its type holds.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from darkroom_vision.imaging.antialias import resize_a_little, resize_antialiased
from darkroom_vision.imaging.decode import Colors
from darkroom_vision.imaging.geometry import Size, decoder_shrink, fit
from darkroom_vision.imaging.pixels import Pixels
from darkroom_vision.model.input import ResolvedInput

Batch = npt.NDArray[np.float32 | np.float16 | np.uint8]
"""(n, C, H, W) or (n, H, W, C)."""

_NUMPY_TYPES = {"Float32": np.float32, "Float16": np.float16, "UInt8": np.uint8}


@dataclass(frozen=True, slots=True)
class Preprocessor:
    """Everything about a stage's input that does not change from image to image. Safe to share between threads."""

    settings: ResolvedInput
    tables: tuple[Batch, ...]
    """What each pixel value becomes: (256,) a channel for NCHW, one (1, 256, C) for NHWC."""

    @classmethod
    def of(cls, settings: ResolvedInput) -> "Preprocessor":
        """The preprocessor that does what `settings` say."""
        tables = tuple(_table(settings, channel) for channel in range(settings.channels))
        return cls(settings, tables if settings.layout == "NCHW" else (np.stack(tables, axis=-1)[None],))

    @property
    def colors(self) -> Colors:
        """The channels that the decoder has to deliver."""
        return "GRAY" if self.settings.channels == 1 else self.settings.colors

    def empty_batch(self, count: int) -> Batch:
        """An array for `count` images."""
        height, width, channels = self.settings.height, self.settings.width, self.settings.channels
        shape = (channels, height, width) if self.settings.layout == "NCHW" else (height, width, channels)
        return np.empty((count, *shape), _NUMPY_TYPES[self.settings.dtype])

    def decoder_shrink(self, width: int, height: int) -> int:
        """How many times smaller the decoder may make an image of this size: 1 in Exact mode."""
        if self.settings.preprocessing == "Exact":
            return 1
        return decoder_shrink((width, height), self.settings.size, self.settings.resize)

    def write(self, pixels: Pixels, place: Batch) -> None:
        """Turn `pixels` (h, w, c) into the model's input, in `place`, one image of an `empty_batch`."""
        resized = self._resized(pixels)
        if self.settings.layout == "NHWC":
            _look_up(resized, self.tables[0], place)
            return
        for plane, table, channel in zip(cv2.split(resized), self.tables, place, strict=True):
            _look_up(np.asarray(plane, np.uint8), table, channel)

    def _resized(self, pixels: Pixels) -> Pixels:
        """Uint8 (h, w, c) -> uint8 (height, width, c); the borders of Letterbox are black."""
        height, width, channels = pixels.shape
        wanted = fit((width, height), self.settings.size, self.settings.resize)
        (left, top), (part_width, part_height) = wanted.corner, wanted.size
        part = pixels[top : top + part_height, left : left + part_width]
        inner = self._resample(part, wanted.inner)
        if wanted.inner == self.settings.size:
            return inner
        canvas = np.zeros((self.settings.height, self.settings.width, channels), np.uint8)
        x, y = wanted.offset
        canvas[y : y + wanted.inner[1], x : x + wanted.inner[0]] = inner
        return canvas

    def _resample(self, part: Pixels, size: Size) -> Pixels:
        height, width, _ = part.shape
        if (width, height) == size:
            return np.ascontiguousarray(part)
        by_half = width >= 2 * size[0] or height >= 2 * size[1]
        if by_half or self.settings.preprocessing == "Exact":
            return resize_antialiased(np.ascontiguousarray(part), size)
        return resize_a_little(part, size)


def _table(settings: ResolvedInput, channel: int) -> Batch:
    values = (np.arange(256) * settings.scale - settings.mean[channel]) / settings.std[channel]
    if settings.dtype == "UInt8":
        values = np.clip(np.rint(values), 0, 255)
    return np.asarray(values, _NUMPY_TYPES[settings.dtype])


def _look_up(pixels: Pixels, table: Batch, place: Batch) -> None:
    if place.dtype == np.float16:  # OpenCV copies bits here, and knows those of a uint16
        table, place = table.view(np.uint16), place.view(np.uint16)
    cv2.LUT(pixels, table, place)
