"""What a model has seen: the fields of a result, for each type of output, and a result in one line.

Coordinates are in pixels of the upright image (the EXIF orientation applied), from its upper left corner.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from pydantic import Field

from darkroom.schema import TolerantModel

MOST_LISTED: Final = 5
"""Objects or classes in a summary."""
_MOST_CHARACTERS: Final = 500
_UNKNOWN: Final = "an output type unknown to this version"


class Box(TolerantModel):
    """A rectangle."""

    x: float = Field(description="Left edge. Of an oriented box, before it is rotated.")
    y: float = Field(description="Top edge. Of an oriented box, before it is rotated.")
    width: float
    height: float
    angle: float | None = Field(
        None, description="OrientedDetection: rotation about the centre of the box, in degrees, clockwise, 0 to 180."
    )


class Mask(TolerantModel):
    """Pixels of the image, in COCO's compressed run-length encoding, as pycocotools reads it."""

    size: list[int] = Field(min_length=2, max_length=2, description="[height, width] of the image.")
    counts: str = Field(description="Lengths of runs of 0 and 1 in turn, column by column, as text.")


class Keypoint(TolerantModel):
    """A point of an object."""

    name: str | None = Field(None, description="Absent if the pipeline does not name keypoints.")
    x: float
    y: float
    score: float | None = Field(None, description="Absent if the model gives none.")


class Prediction(TolerantModel):
    """One class that the image may belong to, or one object in it."""

    label: str = Field(description="Name of the class. Its index if the pipeline has no labels.")
    index: int = Field(ge=0, description="Index of the class in the model's output, without the background.")
    score: float
    box: Box | None = Field(None, description="Types with boxes: where the object is.")
    mask: Mask | None = Field(None, description="InstanceSegmentation: pixels of the object.")
    keypoints: list[Keypoint] | None = Field(None, description="Keypoints: points of the object.")


class ClassArea(TolerantModel):
    """The part of the image that belongs to a class."""

    label: str = Field(description="Name of the class. Its index if the pipeline has no labels.")
    index: int = Field(ge=0, description="Index of the class in the model's output.")
    fraction: float = Field(description="Fraction of the image's pixels, 0 to 1.")
    mask: Mask | None = Field(None, description="Pixels of the class. Absent if it was dropped.")


class Text(TolerantModel):
    """A line of text."""

    text: str
    score: float = Field(description="Mean probability of the characters.")


class Anomaly(TolerantModel):
    """How much the image differs from normal ones."""

    score: float
    anomalous: bool
    mask: Mask | None = Field(
        None, description="Pixels that are anomalous. Absent if the model does not locate them, or if it was dropped."
    )


class Tensor(TolerantModel):
    """The model's raw output, in row-major order."""

    name: str
    shape: list[int]
    dtype: str = Field(description="ONNX element type in lower case, such as float32 or int64.")
    data: list[float | int | bool]


def summary_of(result: Mapping[str, Any]) -> str:
    """A result in one line, such as "3: person 0.91, dog 0.88, dog 0.61", of at most 500 characters.

    Args:
        result: data of an analyzed event, perhaps of another version: the summary says so if it has an unknown form.
    """
    try:
        return _one_line(_summary(result))
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return _UNKNOWN


def summary_of_class(label: str, score: float) -> str:
    """As `summary_of`, of an image that is of one class."""
    words = _words(label)
    line = _class(words, score)
    return line if words and len(line) <= _MOST_CHARACTERS else _one_line(line)


def summary_of_several(shown: Sequence[tuple[str, float]], count: int, *, boxes: bool) -> str:
    """As `summary_of`, of an image with several predictions.

    Args:
        shown: labels and scores of the best.
        count: the number of all.
        boxes: whether they are objects with boxes.
    """
    return _one_line(_several(shown, count, boxes=boxes))


@lru_cache(1_024)
def _words(label: str) -> str:
    """A label in one line. A pipeline has few labels, and each of its results has some of them."""
    return " ".join(label.split())


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MOST_CHARACTERS else f"{line[: _MOST_CHARACTERS - 1]}…"


def _summary(result: Mapping[str, Any]) -> str:
    if (predictions := result.get("predictions")) is not None:
        return _predictions(predictions, result.get("outputType"))
    if (classes := result.get("classes")) is not None:
        shares = [f"{one['label']} {one['fraction'] * 100:.0f} %" for one in classes[:MOST_LISTED]]
        return f"class map{_size(result)}: {_listed(shares, len(classes)) or 'no class'}"
    if (text := result.get("text")) is not None:
        return text["text"] or "no text"
    if (anomaly := result.get("anomaly")) is not None:
        return f"{'anomalous' if anomaly['anomalous'] else 'normal'} {anomaly['score']:.2f}"
    if (embedding := result.get("embedding")) is not None:
        return f"embedding of {len(embedding)} numbers"
    if (tensor := result.get("tensor")) is not None:
        return f"{tensor['name']} {tensor['dtype']} {'x'.join(map(str, tensor['shape']))}"
    return _UNKNOWN


def _predictions(predictions: Sequence[Mapping[str, Any]], output_type: str | None) -> str:
    """The best class of the image, or all that it has, or the number of objects and the best of them."""
    if not predictions:
        return "nothing above the threshold"
    best, boxes = predictions[0], "box" in predictions[0]
    if not boxes and output_type != "MultiLabel":
        return _class(best["label"], best["score"])
    return _several([(one["label"], one["score"]) for one in predictions[:MOST_LISTED]], len(predictions), boxes=boxes)


def _class(label: str, score: float) -> str:
    return f"{label} {score:.3f}"


def _several(shown: Sequence[tuple[str, float]], count: int, *, boxes: bool) -> str:
    listed = _listed([f"{label} {score:.2f}" for label, score in shown], count)
    return f"{count}: {listed}" if boxes else listed


def _size(result: Mapping[str, Any]) -> str:
    image = result.get("image")
    return f" {image['width']}x{image['height']}" if image else ""


def _listed(shown: Sequence[str], count: int) -> str:
    more = count - len(shown)
    return ", ".join([*shown, *([f"{more} more"] if more > 0 else [])])
