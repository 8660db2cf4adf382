"""Pixels -> the model's input: resize, then (x * scale - mean) / std, written into the array that the model reads.

A pixel has 256 values, so the arithmetic is done once, in float64, for each of them and channel; an image only looks
them up. That makes every element type the same work and the result as exact as its type holds.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from darkroom_vision.imaging.antialias import resize_a_little, resize_antialiased
from darkroom_vision.imaging.geometry import Fit, Size, Transform, decoder_shrink, fit
from darkroom_vision.imaging.pixels import Colors, Pixels
from darkroom_vision.model.input import ResolvedInput

ModelInput = npt.NDArray[np.float32 | np.float16 | np.uint8]
"""(C, H, W) or (H, W, C): one image as the model reads it."""

_NUMPY_TYPES = {"Float32": np.float32, "Float16": np.float16, "UInt8": np.uint8}


@dataclass(frozen=True, slots=True)
class Preprocessor:
    """Everything about a stage's input that does not change from image to image. Safe to share between threads."""

    settings: ResolvedInput
    tables: tuple[ModelInput, ...]
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

    def empty_input(self) -> ModelInput:
        """An array for one image, its values undefined."""
        height, width, channels = self.settings.height, self.settings.width, self.settings.channels
        shape = (channels, height, width) if self.settings.layout == "NCHW" else (height, width, channels)
        return np.empty(shape, _NUMPY_TYPES[self.settings.dtype])

    def decoder_shrink(self, width: int, height: int) -> int:
        """How many times smaller the decoder may make an image of this size: 1 in Exact mode."""
        if self.settings.preprocessing == "Exact":
            return 1
        return decoder_shrink((width, height), self.settings.size, self.settings.resize)

    def write(self, pixels: Pixels, target: ModelInput) -> Transform:
        """Turn `pixels` (h, w, c) into the model's input, in `target`, an `empty_input`.

        Returns:
            The way back: from the model input's coordinates to those of `pixels`.
        """
        height, width, _ = pixels.shape
        fitting = fit((width, height), self.settings.size, self.settings.resize)
        resized = self._resized(pixels, fitting)
        if self.settings.layout == "NHWC":
            _look_up(resized, self.tables[0], target)
        else:
            for plane, table, channel in zip(cv2.split(resized), self.tables, target, strict=True):
                _look_up(np.asarray(plane, np.uint8), table, channel)
        return fitting.to_image

    def _resized(self, pixels: Pixels, fitting: Fit) -> Pixels:
        """Uint8 (h, w, c) -> uint8 (height, width, c); the borders of Letterbox are black."""
        (left, top), (part_width, part_height) = fitting.corner, fitting.size
        part = pixels[top : top + part_height, left : left + part_width]
        inner = self._resample(part, fitting.inner)
        if fitting.inner == self.settings.size:
            return inner
        canvas = np.zeros((self.settings.height, self.settings.width, pixels.shape[2]), np.uint8)
        x, y = fitting.offset
        canvas[y : y + fitting.inner[1], x : x + fitting.inner[0]] = inner
        return canvas

    def _resample(self, part: Pixels, size: Size) -> Pixels:
        height, width, _ = part.shape
        if (width, height) == size:
            return np.ascontiguousarray(part)
        by_half = width >= 2 * size[0] or height >= 2 * size[1]
        if by_half or self.settings.preprocessing == "Exact":
            return resize_antialiased(np.ascontiguousarray(part), size)
        return resize_a_little(part, size)


def _table(settings: ResolvedInput, channel: int) -> ModelInput:
    values = (np.arange(256) * settings.scale - settings.mean[channel]) / settings.std[channel]
    if settings.dtype == "UInt8":
        values = np.clip(np.rint(values), 0, 255)
    return np.asarray(values, _NUMPY_TYPES[settings.dtype])


def _look_up(pixels: Pixels, table: ModelInput, target: ModelInput) -> None:
    if target.dtype == np.float16:  # OpenCV copies bits here, and knows those of a uint16
        table, target = table.view(np.uint16), target.view(np.uint16)
    cv2.LUT(pixels, table, target)
