"""An image with its result drawn on it: boxes, masks, keypoints and labels in pixels of the upright image."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from darkroom_vision.drawing.canvas import Canvas
from darkroom_vision.drawing.masks import mask_of
from darkroom_vision.imaging.decode import decode

_LINES = 12
"""Maximum number of lines in a caption."""
_LEAST_KEYPOINT_SCORE = 0.3


def draw(image: bytes, result: Mapping[str, Any]) -> Image.Image:
    """The upright image with `result` drawn on it.

    Args:
        image: content of the image file.
        result: the result fields of an analyzed event, such as `predictions`.

    Raises:
        NotAnImage, TooManyPixels, DecodeError: the file cannot be decoded.
    """
    canvas = Canvas(decode(image, "RGB").pixels)
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
        canvas.label((left, top), _said(prediction), prediction.get("index", 0))
    canvas.caption(caption(result)[:_LINES])
    if (text := result.get("text")) is not None:
        canvas.subtitle(text["text"])
    return canvas.image


def caption(result: Mapping[str, Any]) -> list[str]:
    """Results about the whole image, one per line; not the text in it, which is drawn below the image."""
    lines = [_said(prediction) for prediction in result.get("predictions") or () if "box" not in prediction]
    lines += [f"{found['label']} {found['fraction']:.0%}" for found in result.get("classes") or ()]
    if isinstance(anomaly := result.get("anomaly"), dict):
        state = "anomalous" if anomaly.get("anomalous") else "normal"
        lines.append(f"{state} {anomaly['score']:.2f}")
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


def _said(prediction: Mapping[str, Any]) -> str:
    text = f"{prediction['label']} {prediction['score']:.2f}"
    return f"{text} {prediction['text']}" if "text" in prediction else text
