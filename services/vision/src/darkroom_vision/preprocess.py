"""Pixels -> the model's input: resize, then (x * scale - mean) / std, written into the array that the model reads.

A pixel has 256 values, so the arithmetic is done once, in float64, for each of them and channel; an image only looks
them up. That makes every element type the same work and the result as exact as its type holds.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from darkroom_vision.imaging.framing import fit
from darkroom_vision.imaging.geometry import Fit, Size, Transform
from darkroom_vision.imaging.pixels import Colors, Pixels, as_pixels
from darkroom_vision.imaging.resample import resize_a_little, resize_as_opencv, resize_as_pillow
from darkroom_vision.model.input import ResolvedInput

ModelInput = npt.NDArray[np.float32 | np.float16 | np.uint8]
"""(C, H, W) or (H, W, C): one image as the model reads it."""

_HALF = 2
"""Shrinking by less is done in less time in Fast mode."""
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

    def fit(self, image: Size) -> Fit:
        """Where an image of this size goes in the model's input, and how large that input is."""
        return fit(image, self.settings.framing)

    def empty_input(self, size: Size) -> ModelInput:
        """An array for one image in an input of `size` = (width, height), its values undefined."""
        (width, height), channels = size, self.settings.channels
        shape = (channels, height, width) if self.settings.layout == "NCHW" else (height, width, channels)
        return np.empty(shape, _NUMPY_TYPES[self.settings.dtype])

    def decoder_shrink(self, width: int, height: int) -> int:
        """How many times smaller the decoder may make an image of this size: 1 in Exact mode."""
        if self.settings.preprocessing == "Exact" or self.settings.interpolation == "Nearest":
            return 1
        return self.fit((width, height)).decoder_shrink

    def write(self, pixels: Pixels, fitting: Fit, target: ModelInput) -> Transform:
        """Turn `pixels` (h, w, c) into the model's input.

        Args:
            pixels: the image, perhaps shrunk by the decoder.
            fitting: what `fit` says of the image.
            target: an `empty_input` of `fitting.target`, where the values go.

        Returns:
            The way back: from the model input's coordinates to those of `pixels`.
        """
        fitting = fitting.on_copy((pixels.shape[1], pixels.shape[0]))
        resized = self._framed(self._resized(pixels, fitting), fitting)
        if self.settings.layout == "NHWC":
            _look_up(resized, self.tables[0], target)
        else:
            for plane, table, channel in zip(cv2.split(resized), self.tables, target, strict=True):
                _look_up(np.asarray(plane, np.uint8), table, channel)
        return fitting.to_image

    def feeds(self, written: ModelInput, fitting: Fit) -> dict[str, npt.NDArray[Any]]:
        """What the model runs on: an image that `write` has written, in the shape of its input, and further inputs."""
        settings = self.settings
        image = {settings.name: written.reshape(settings.shape(fitting.target))}  # the same memory
        return image | settings.extra.feeds(fitting)

    def _resized(self, pixels: Pixels, fitting: Fit) -> Pixels:
        """The part of `pixels` that `fitting` takes, in its inner size."""
        interpolation, exact = self.settings.interpolation, self.settings.preprocessing == "Exact"
        part = fitting.whole_pixels
        if part is not None and fitting.size == fitting.inner:
            return np.ascontiguousarray(pixels[part])
        if not self.settings.antialias:
            return resize_as_opencv(pixels, fitting, interpolation)
        if interpolation == "Bilinear" and part is not None and max(fitting.to_image.scale) <= 1:
            return resize_as_opencv(pixels, fitting, interpolation)  # Pillow's within a level, in less time
        if exact or interpolation != "Bilinear" or max(fitting.to_image.scale) >= _HALF:
            return resize_as_pillow(pixels, fitting, interpolation)
        return resize_a_little(pixels, fitting)

    def _framed(self, inner: Pixels, fitting: Fit) -> Pixels:
        """With the borders of Letterbox: uint8 (height, width, c)."""
        if fitting.inner == fitting.target:
            return inner
        (x, y), (width, height) = fitting.offset, fitting.target
        right, bottom = width - x - fitting.inner[0], height - y - fitting.inner[1]
        framed = cv2.copyMakeBorder(inner, y, bottom, x, right, cv2.BORDER_CONSTANT, value=self.settings.pad)
        return as_pixels(framed, self.settings.channels)


def _table(settings: ResolvedInput, channel: int) -> ModelInput:
    values = (np.arange(256) * settings.scale - settings.mean[channel]) / settings.std[channel]
    if settings.dtype == "UInt8":
        values = np.clip(np.rint(values), 0, 255)
    return np.asarray(values, _NUMPY_TYPES[settings.dtype])


def _look_up(pixels: Pixels, table: ModelInput, target: ModelInput) -> None:
    if target.dtype == np.float16:  # OpenCV copies bits here, and knows those of a uint16
        table, target = table.view(np.uint16), target.view(np.uint16)
    cv2.LUT(pixels, table, target)
