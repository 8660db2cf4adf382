"""Placing an image of any size in a model's input, with the rounding of the framework that the model comes from."""

import math
from dataclasses import dataclass
from typing import Literal

from darkroom_vision.imaging.geometry import Fit, Size

Resize = Literal["Stretch", "Letterbox", "Crop"]
Rounding = Literal["Nearest", "Down", "TextLine"]

MAX_OPEN_SIDE = 4_096
"""Default limit for the longer side of an input whose size depends on the image, in pixels."""
_LEAST_LINE_WIDTH = 320
"""In pixels. Shorter lines of text are padded to this width (PaddleOCR: `rec_image_shape` "3, 48, 320")."""


@dataclass(frozen=True, slots=True)
class Framing:
    """How images are placed in the model's input. Sizes are in pixels.

    Attributes:
        width, height: of the model's input; None if they depend on the image.
        crop_fraction: for Crop with a fixed size: fraction of the resized image's sides that is kept.
        pad_at: for Letterbox: position of the image.
        enlarge: whether images are enlarged by Letterbox and for inputs whose size depends on the image.
        shrink: whether `shortest_side` makes images smaller; if not, it is a minimum.
        longest_side, shortest_side: for inputs whose size depends on the image. `longest_side` is the length of the
            longer side or, with `shortest_side`, width or height, its maximum.
        multiple_of: sides that depend on the image are multiples of this.
        rounding: for Letterbox: rounding of the resized image's sides.
    """

    width: int | None
    height: int | None
    resize: Resize = "Stretch"
    crop_fraction: float = 1.0
    pad_at: Literal["Center", "TopLeft"] = "Center"
    enlarge: bool = True
    shrink: bool = True
    longest_side: int = MAX_OPEN_SIDE
    shortest_side: int | None = None
    multiple_of: int = 1
    rounding: Rounding = "Nearest"

    @property
    def size(self) -> Size | None:
        """(width, height), or None if it depends on the image."""
        return None if self.width is None or self.height is None else (self.width, self.height)


def fit(image: Size, framing: Framing) -> Fit:
    """Where an image of size (width, height) goes in the input, and the size of the input.

    Stretch resizes the whole image and ignores the aspect ratio. Letterbox resizes the whole image, keeps the aspect
    ratio and adds borders. `round(side * scale)` and, for Center, the smaller border first are those of Ultralytics'
    `LetterBox`; `int(side * scale)` and TopLeft are those of YOLOX's `preproc`. Crop resizes the image to cover the
    input divided by the crop fraction and keeps the centre, with the rounding of torchvision's `Resize` and
    `CenterCrop` and timm's `transforms_imagenet_eval`.
    """
    if framing.resize == "Crop":
        return _crop(image, framing.size or _open_size(image, framing), framing.crop_fraction)
    if framing.resize == "Stretch":
        target = framing.size or _open_size(image, framing)
        return Fit(image, (0, 0), image, target, (0, 0), target)
    if framing.rounding == "TextLine":
        return _text_line(image, framing)
    return _letterbox(image, framing)


def _letterbox(image: Size, framing: Framing) -> Fit:
    scale = _scale(image, framing)
    inner = _sides(image, scale, framing)
    if framing.size:
        inner = (min(inner[0], framing.size[0]), min(inner[1], framing.size[1]))
    target = (
        framing.width or _multiple_above(inner[0], framing.multiple_of),
        framing.height or _multiple_above(inner[1], framing.multiple_of),
    )
    return _padded(image, inner, target, framing)


def _text_line(image: Size, framing: Framing) -> Fit:
    """PaddleOCR's `resize_norm_img`: full height, the width rounded up; a line that is too long is squeezed."""
    height = framing.height or image[1]
    natural = height * image[0] / image[1]
    open_width = min(framing.longest_side, max(_LEAST_LINE_WIDTH, int(natural)))
    width = framing.width or _multiple_above(open_width, framing.multiple_of)
    return _padded(image, (max(1, min(width, math.ceil(natural))), height), (width, height), framing)


def _padded(image: Size, inner: Size, target: Size, framing: Framing) -> Fit:
    centred = ((target[0] - inner[0]) // 2, (target[1] - inner[1]) // 2)
    return Fit(image, (0, 0), image, inner, centred if framing.pad_at == "Center" else (0, 0), target)


def _crop(image: Size, target: Size, fraction: float) -> Fit:
    (width, height), (target_width, target_height) = image, target
    least_width, least_height = math.floor(target_width / fraction), math.floor(target_height / fraction)
    if least_width * height >= least_height * width:
        resized = (least_width, max(target_height, int(least_width * height / width)))
    else:
        resized = (max(target_width, int(least_height * width / height)), least_height)
    left, top = round((resized[0] - target_width) / 2), round((resized[1] - target_height) / 2)
    x, y = width / resized[0], height / resized[1]
    return Fit(image, (left * x, top * y), (target_width * x, target_height * y), target, (0, 0), target)


def _scale(image: Size, framing: Framing) -> float:
    """The scale from the image to the resized image, the same for both axes."""
    (width, height), longer = image, max(image)
    if framing.width and framing.height:
        scale = min(framing.width / width, framing.height / height)
    elif framing.width or framing.height:
        scale = framing.width / width if framing.width else (framing.height or 1) / height
        return min(scale, framing.longest_side / longer) if longer * scale > framing.longest_side else scale
    elif framing.shortest_side:
        scale = framing.shortest_side / min(image)
        scale = min(scale if framing.shrink else max(1.0, scale), framing.longest_side / longer)
    else:
        scale = framing.longest_side / longer
    return scale if framing.enlarge else min(1.0, scale)


def _sides(image: Size, scale: float, framing: Framing) -> Size:
    whole = int if framing.rounding == "Down" else round
    return max(1, whole(image[0] * scale)), max(1, whole(image[1] * scale))


def _open_size(image: Size, framing: Framing) -> Size:
    """The input's size for Stretch and Crop: that of the resized image, with open sides rounded to multiples.

    If both sides are open, Stretch takes the nearest multiple, as PaddleOCR's `resize_image_type0`.
    """
    inner, step = _sides(image, _scale(image, framing), framing), framing.multiple_of
    if framing.resize == "Crop":
        inner = (max(step, inner[0] // step * step), max(step, inner[1] // step * step))
    elif framing.width or framing.height:
        inner = (_multiple_above(inner[0], step), _multiple_above(inner[1], step))
    else:
        inner = (max(step, round(inner[0] / step) * step), max(step, round(inner[1] / step) * step))
    return framing.width or inner[0], framing.height or inner[1]


def _multiple_above(side: int, step: int) -> int:
    return -(-side // step) * step
