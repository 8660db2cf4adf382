"""Turning pixels into the model's input: resize, then (x * scale - mean) / std, written into the model's input array.

The formula is evaluated once, in float64, for each of the 256 pixel values and each channel; images are converted by
table lookup. That costs the same for every element type and is exact up to the rounding to that type.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from darkroom_vision.imaging import framing
from darkroom_vision.imaging.geometry import Fit, Size, Transform
from darkroom_vision.imaging.pixels import Colors, Pixels, as_pixels
from darkroom_vision.imaging.resample import resize_a_little, resize_as_opencv, resize_as_pillow
from darkroom_vision.model.input import ResolvedInput

ModelInput = npt.NDArray[np.float32 | np.float16 | np.uint8]
"""(C, H, W) or (H, W, C): the model's input for one image."""

_KNOWN_SIZES: Final = 1_000
_HALF = 2
"""Fast mode uses an approximation for shrinking by less than this factor."""
_NUMPY_TYPES = {"Float32": np.float32, "Float16": np.float16, "UInt8": np.uint8}


@dataclass(frozen=True, slots=True)
class Preprocessor:
    """Pre-processing for one stage. Immutable, so that threads can share it."""

    settings: ResolvedInput
    tables: tuple[ModelInput, ...]
    """Lookup tables of pixel values: one (256,) per channel for NCHW, one (1, 256, C) for NHWC."""
    fit: Callable[[Size], Fit] = field(compare=False)
    """Where an image of size (width, height) goes in the model's input, and the size of that input."""
    fit_of_copy: Callable[[Size, Size], Fit] = field(compare=False)
    """The fit for a copy of an image: the size of the image, the size of the copy."""

    @classmethod
    def of(cls, settings: ResolvedInput) -> "Preprocessor":
        """The preprocessor for `settings`."""
        tables = tuple(_table(settings, channel) for channel in range(settings.channels))
        # Images of one pipeline have few sizes, and a tiny model takes less time than all this geometry.
        fit = lru_cache(_KNOWN_SIZES)(partial(framing.fit, framing=settings.framing))
        fit_of_copy = lru_cache(_KNOWN_SIZES)(lambda image, copy: fit(image).on_copy(copy))
        if settings.layout == "NHWC":
            tables = (np.stack(tables, axis=-1)[None],)
        return cls(settings, tables, fit, fit_of_copy)

    @property
    def colors(self) -> Colors:
        """The channels that the decoder has to return."""
        return "GRAY" if self.settings.channels == 1 else self.settings.colors

    def empty_input(self, size: Size) -> ModelInput:
        """An uninitialised array for one image in an input of `size` = (width, height)."""
        (width, height), channels = size, self.settings.channels
        shape = (channels, height, width) if self.settings.layout == "NCHW" else (height, width, channels)
        return np.empty(shape, _NUMPY_TYPES[self.settings.dtype])

    def decoder_shrink(self, width: int, height: int) -> int:
        """By how much the decoder may shrink an image of this size in pixels: 1, 2, 4 or 8; always 1 in Exact mode."""
        if self.settings.preprocessing == "Exact" or self.settings.interpolation == "Nearest":
            return 1
        return self.fit((width, height)).decoder_shrink

    def write(self, pixels: Pixels, fitting: Fit, target: ModelInput) -> Transform:
        """Turn `pixels` (h, w, c) into the model's input.

        Args:
            pixels: uint8 (h, w, c), the upright image, perhaps shrunk by the decoder.
            fitting: the result of `fit` for the image.
            target: an `empty_input` of size `fitting.target`, which is overwritten.

        Returns:
            The transform from the model input's coordinates to those of `pixels`.
        """
        fitting = self.fit_of_copy(fitting.image, (pixels.shape[1], pixels.shape[0]))
        resized = self._framed(self._resized(pixels, fitting), fitting)
        if self.settings.layout == "NHWC":
            _look_up(resized, self.tables[0], target)
        else:
            planes = cv2.split(resized) if len(self.tables) > 1 else (resized[..., 0],)
            for plane, table, channel in zip(planes, self.tables, target, strict=True):
                _look_up(np.asarray(plane, np.uint8), table, channel)
        return fitting.to_image

    def feeds(self, written: ModelInput, fitting: Fit) -> dict[str, npt.NDArray[Any]]:
        """The feeds of the model: the image that `write` has written, in the shape of its input, and extra inputs."""
        settings = self.settings
        image = {settings.name: written.reshape(settings.shape(fitting.target))}  # the same memory
        return image | settings.extra.feeds(fitting)

    def _resized(self, pixels: Pixels, fitting: Fit) -> Pixels:
        """The part of `fitting`, resized to its inner size."""
        interpolation, exact = self.settings.interpolation, self.settings.preprocessing == "Exact"
        part = fitting.whole_pixels
        if part is not None and fitting.size == fitting.inner:
            return np.ascontiguousarray(pixels[part])
        if not self.settings.antialias:
            return resize_as_opencv(pixels, fitting, interpolation)
        shrinks_by = max(fitting.to_image.scale)
        if interpolation == "Bilinear" and part is not None and shrinks_by <= 1:
            return resize_as_opencv(pixels, fitting, interpolation)  # within a level of Pillow's result, and faster
        if exact or interpolation != "Bilinear" or shrinks_by >= _HALF:
            return resize_as_pillow(pixels, fitting, interpolation)
        return resize_a_little(pixels, fitting)

    def _framed(self, inner: Pixels, fitting: Fit) -> Pixels:
        """`inner` with the borders of Letterbox: uint8 (height, width, c)."""
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
    if target.dtype == np.float16:  # cv2.LUT only copies bits, but does not accept float16
        table, target = table.view(np.uint16), target.view(np.uint16)
    cv2.LUT(pixels, table, target)
