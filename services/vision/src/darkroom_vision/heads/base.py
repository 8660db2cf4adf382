"""The interface of heads, which turn a model's raw outputs into the result fields of an analyzed event."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from darkroom_vision.failures import InferenceError
from darkroom_vision.imaging.geometry import Size, Transform
from darkroom_vision.model.session import Value

Result = dict[str, Any]
"""JSON-able fields of the analyzed event, such as `predictions` or `embedding`."""


class Frame(NamedTuple):
    """The image that one row of a model's outputs belongs to.

    Attributes:
        size: (width, height) of the whole, upright image in pixels.
        to_image: from the model input's pixel coordinates to those of the upright image.
        input_size: (width, height) of the model's input in pixels.
    """

    size: Size
    to_image: Transform
    input_size: Size


class Head(Protocol):
    """Interprets one type of output. Immutable, so that threads can share it."""

    def results(self, outputs: Sequence[Value], frames: Sequence[Frame]) -> list[Result]:
        """One result for each frame, in their order.

        Raises:
            InferenceError: an output is not finite, or does not have one row for each frame.
        """
        ...


def rows(name: str, value: Value, count: int) -> list[Value]:
    """The output `name` for each of `count` images, each as a batch of one.

    Raises:
        InferenceError: the output does not have one row for each image.
    """
    if count == 1:
        return [value]
    if len(value) != count:
        raise InferenceError(f"the model's output {name!r} has {len(value)} rows for {count} images")
    return [value[i : i + 1] for i in range(count)]


def outputs_of(outputs: Sequence[Value], i: int, count: int) -> Sequence[Value]:
    """All outputs for the image `i` of `count`, as batches of one. For a single image, they may have no batch axis."""
    return outputs if count == 1 else [value[i : i + 1] for value in outputs]


def label_of(labels: Sequence[str], index: int) -> str:
    """The name of a class, or its index if it has none."""
    return labels[index] if 0 <= index < len(labels) else str(index)
