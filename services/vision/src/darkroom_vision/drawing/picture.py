"""An image with its result drawn on it: boxes, masks, keypoints and labels in pixels of the upright image."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from darkroom_vision.drawing.canvas import Canvas
from darkroom_vision.drawing.fonts import Fonts
from darkroom_vision.drawing.masks import mask_of
from darkroom_vision.imaging.decode import decode

_LINES = 12
"""Maximum number of lines in a caption."""
_LEAST_KEYPOINT_SCORE = 0.3


def draw(image: bytes, result: Mapping[str, Any], fonts: Fonts | None = None) -> Image.Image:
    """The upright image with `result` drawn on it.

    Args:
        image: content of the image file.
        result: the result fields of an analyzed event, such as `predictions`.
        fonts: for the labels. Characters that none has are written as escapes, after the number of the class.

    Raises:
        NotAnImage, TooManyPixels, DecodeError: the file cannot be decoded.
    """
    fonts = fonts or Fonts()
    canvas = Canvas(decode(image, "RGB").pixels, fonts)
    predictions: Sequence[Mapping[str, Any]] = result.get("predictions") or ()
    placed = [prediction for prediction in predictions if "box" in prediction]
    classes: Sequence[Mapping[str, Any]] = result.get("classes") or ()
    for item in (*placed, *classes):
        if (mask := item.get("mask")) is not None:
            canvas.tint(mask_of(mask), item.get("index", 0))
    if isinstance(anomaly := result.get("anomaly"), dict) and (mask := anomaly.get("mask")) is not None:
        canvas.tint(mask_of(mask), 0)
    for prediction in placed:
        _outline(canvas, prediction)
    for prediction in placed:  # after all boxes, so that no line covers a label
        left, top = min(corners := _corners(prediction["box"]))[0], min(y for _, y in corners)
        canvas.label(
            (left, top), _readable(_said(prediction), fonts, prediction.get("index")), prediction.get("index", 0)
        )
    canvas.caption([_readable(line, fonts, index) for line, index in caption(result)[:_LINES]])
    if (text := result.get("text")) is not None:
        canvas.subtitle(fonts.readable(text["text"]))
    return canvas.image


def caption(result: Mapping[str, Any]) -> list[tuple[str, int | None]]:
    """Results about the whole image, one per line, each with the index of its class if it has one.

    Not the text in it, which is drawn below the image.
    """
    predictions: Sequence[Mapping[str, Any]] = result.get("predictions") or ()
    lines: list[tuple[str, int | None]] = [(_said(one), one.get("index")) for one in predictions if "box" not in one]
    lines += [(f"{one['label']} {one['fraction']:.0%}", one.get("index")) for one in result.get("classes") or ()]
    if isinstance(anomaly := result.get("anomaly"), dict):
        state = "anomalous" if anomaly.get("anomalous") else "normal"
        lines.append((f"{state} {anomaly['score']:.2f}", None))
    return lines


def _outline(canvas: Canvas, prediction: Mapping[str, Any]) -> None:
    color = prediction.get("index", 0)
    canvas.polygon(_corners(prediction["box"]), color)
    for point in prediction.get("keypoints") or ():
        if point.get("score", 1) >= _LEAST_KEYPOINT_SCORE:
            canvas.dot((point["x"], point["y"]), color)


def _corners(box: Mapping[str, float]) -> list[tuple[float, float]]:
    """The corners of `box` (x, y, width, height), turned by `angle` degrees clockwise about its centre."""
    x, y, width, height = box["x"], box["y"], box["width"], box["height"]
    angle = np.deg2rad(box.get("angle", 0.0))
    cos, sin = float(np.cos(angle)), float(np.sin(angle))
    across, down = width / 2, height / 2
    return [
        (x + across + dx * cos - dy * sin, y + down + dx * sin + dy * cos)
        for dx, dy in ((-across, -down), (across, -down), (across, down), (-across, down))
    ]


def _readable(text: str, fonts: Fonts, index: int | None) -> str:
    """`text`, or the index of its class and `text` with escapes if no font has all of its characters."""
    shown = fonts.readable(text)
    return shown if shown == text or index is None else f"{index} {shown}"


def _said(prediction: Mapping[str, Any]) -> str:
    text = f"{prediction['label']} {prediction['score']:.2f}"
    return f"{text} {prediction['text']}" if "text" in prediction else text
