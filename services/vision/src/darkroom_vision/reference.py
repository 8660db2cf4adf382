"""A slow reference implementation of pre-processing with Pillow and NumPy, to check `preprocess` against.

The two share no code. This one decodes the image in full, resizes all of it before cropping or padding, and computes in
float64. Only if the size of the input depends on the image, it takes size and position from the worker's fit.
"""

import math
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from darkroom_vision.imaging.framing import Framing
from darkroom_vision.imaging.geometry import Fit, Size, Transform
from darkroom_vision.model.input import ResolvedInput

Plane = npt.NDArray[np.float64]

_FILTERS = {
    "Bilinear": Image.Resampling.BILINEAR,
    "Bicubic": Image.Resampling.BICUBIC,
    "Nearest": Image.Resampling.NEAREST,
    "Area": Image.Resampling.BOX,
}


@dataclass(frozen=True, slots=True)
class ReferenceInput:
    """The expected model input for an image.

    Attributes:
        values: (C, H, W) or (H, W, C) float64, before rounding to the type of the model's input.
        size: (width, height) of the upright image.
        input_size: (width, height) of the model's input.
        to_image: from the model input's pixel coordinates to those of the upright image.
    """

    values: npt.NDArray[np.float64]
    size: Size
    input_size: Size
    to_image: Transform


@dataclass(frozen=True, slots=True)
class _Place:
    """The whole image becomes `inner` pixels; its upper left corner is at `offset` in an input of `target`."""

    inner: Size
    offset: tuple[int, int]
    target: Size


def reference_input(image: bytes, settings: ResolvedInput, fitting: Fit) -> ReferenceInput:
    """The input that `settings` describe.

    Args:
        image: content of a file that Pillow can read.
        settings: the stage's resolved input.
        fitting: the worker's fit, used only if the size of the input depends on the image.

    Raises:
        OSError: Pillow cannot read the file.
    """
    with Image.open(BytesIO(image)) as opened:
        upright = ImageOps.exif_transpose(opened).convert("L" if settings.channels == 1 else "RGB")
    place = _place(upright.size, settings.framing) or _Place(fitting.inner, fitting.offset, fitting.target)
    pixels = np.asarray(_resized(upright, place.inner, settings), np.float64)
    pixels = pixels.reshape(place.inner[1], place.inner[0], settings.channels)
    if settings.colors == "BGR":
        pixels = pixels[:, :, ::-1]
    framed = _framed(pixels, place, settings)
    values = (framed * settings.scale - np.array(settings.mean)) / np.array(settings.std)
    scale = upright.width / place.inner[0], upright.height / place.inner[1]
    to_image = Transform(scale, (-place.offset[0] * scale[0], -place.offset[1] * scale[1]))
    layout = values if settings.layout == "NHWC" else values.transpose(2, 0, 1)
    return ReferenceInput(layout, upright.size, place.target, to_image)


def as_input(values: npt.NDArray[np.float64], settings: ResolvedInput) -> npt.NDArray[Any]:
    """`values` in the type of the model's input."""
    if settings.dtype == "UInt8":
        values = np.clip(np.rint(values), 0, 255)
    return values.astype({"Float32": np.float32, "Float16": np.float16, "UInt8": np.uint8}[settings.dtype])


def levels(values: npt.NDArray[Any], settings: ResolvedInput) -> npt.NDArray[np.float64]:
    """Values of the model's input converted back to pixel values, 0 to 255, in the same layout."""
    shape = (1, 1, -1) if settings.layout == "NHWC" else (-1, 1, 1)
    mean, std = (np.array(n, np.float64).reshape(shape) for n in (settings.mean, settings.std))
    return np.asarray((values.astype(np.float64) * std + mean) / settings.scale)


def _place(image: Size, framing: Framing) -> _Place | None:
    """The position of the image; None if the size of the input depends on the image."""
    (width, height), target = image, framing.size
    if target is None or framing.rounding == "TextLine":
        return None
    if framing.resize == "Stretch":
        return _Place(target, (0, 0), target)
    if framing.resize == "Letterbox":
        factor = min(target[0] / width, target[1] / height)
        factor = factor if framing.enlarge else min(1.0, factor)
        whole = math.floor if framing.rounding == "Down" else round
        inner = max(1, whole(width * factor)), max(1, whole(height * factor))
        centre = (target[0] - inner[0]) // 2, (target[1] - inner[1]) // 2
        return _Place(inner, centre if framing.pad_at == "Center" else (0, 0), target)
    least = math.floor(target[0] / framing.crop_fraction), math.floor(target[1] / framing.crop_fraction)
    factor = max(least[0] / width, least[1] / height)
    inner = max(target[0], math.floor(width * factor + 1e-9)), max(target[1], math.floor(height * factor + 1e-9))
    return _Place(inner, (-round((inner[0] - target[0]) / 2), -round((inner[1] - target[1]) / 2)), target)


def _resized(image: Image.Image, size: Size, settings: ResolvedInput) -> Image.Image | Plane:
    if settings.antialias or settings.interpolation != "Bilinear" or image.size == size:
        return image.resize(size, _FILTERS[settings.interpolation])
    pixels = np.asarray(image, np.float64).reshape(image.height, image.width, -1)
    return np.rint(_interpolated(_interpolated(pixels, size[1], 0), size[0], 1))


def _interpolated(pixels: Plane, length: int, axis: int) -> Plane:
    """Linear interpolation between the two nearest pixels with half-pixel centres, as OpenCV's INTER_LINEAR."""
    before = pixels.shape[axis]
    at = np.clip((np.arange(length) + 0.5) * before / length - 0.5, 0, before - 1)
    first = np.floor(at).astype(int)
    second = np.minimum(first + 1, before - 1)
    share = (at - first).reshape([-1 if i == axis else 1 for i in range(3)])
    return np.asarray(pixels.take(first, axis) * (1 - share) + pixels.take(second, axis) * share)


def _framed(pixels: Plane, place: _Place, settings: ResolvedInput) -> Plane:
    """`pixels` cropped or padded to the input: (height, width, C)."""
    (width, height), (left, top) = place.target, place.offset
    canvas = np.empty((height, width, settings.channels))
    canvas[:] = settings.pad
    inner = pixels[max(0, -top) :, max(0, -left) :][: height - max(0, top), : width - max(0, left)]
    canvas[max(0, top) :, max(0, left) :][: inner.shape[0], : inner.shape[1]] = inner
    return canvas
