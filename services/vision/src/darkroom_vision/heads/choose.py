"""Choosing the head of a stage: which output of the model it reads, and whether that output fits."""

from collections.abc import Sequence

import numpy as np

from darkroom.api.output import Output
from darkroom_vision.heads.base import Head
from darkroom_vision.heads.classification import ClassificationHead, holds_scores, raw_scores
from darkroom_vision.heads.embedding import EmbeddingHead
from darkroom_vision.heads.tensor import TensorHead
from darkroom_vision.model.input import ModelMismatch
from darkroom_vision.model.session import Port, Value

_CHOICES_SHOWN = 8


def choose_head(
    uri: str, spec: Output, labels: Sequence[str] | None, ports: tuple[Port, ...], trial: Sequence[Value]
) -> Head:
    """The head for the output that the stage describes.

    Args:
        uri: the model's, for messages.
        spec: the stage's output.
        labels: names of the classes: `spec.labels`, or what was read from `spec.labelsUri`.
        ports: the model's outputs.
        trial: the outputs for one blank image, which show the shapes that the file leaves open.

    Raises:
        ModelMismatch: with what the file says, what the pipeline says, what to change.
    """
    if spec.type not in {"Classification", "Embedding", "Tensor"}:
        raise ModelMismatch(uri, [f"output.type {spec.type} is not supported by this version"])
    index = _index(uri, spec, ports, trial)
    port, value = ports[index], trial[index]
    if spec.type == "Classification":
        _check_labels(uri, port, value, labels)
        return ClassificationHead(
            index, port.name, tuple(labels or ()), spec.top_k or 3, spec.threshold or 0.0, spec.activation or "None"
        )
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiub":
        raise ModelMismatch(
            uri, [f"its output {port.name!r} is {port.type}, which is not a numeric tensor: set output.name to another"]
        )
    return EmbeddingHead(index, port.name) if spec.type == "Embedding" else TensorHead(index, port.name)


def _index(uri: str, spec: Output, ports: tuple[Port, ...], trial: Sequence[Value]) -> int:
    """The named output, else the first; for Classification the first that holds scores (others may hold the label)."""
    names = [port.name for port in ports]
    if spec.name is not None:
        if spec.name not in names:
            shown = ", ".join(names[:_CHOICES_SHOWN])
            raise ModelMismatch(uri, [f"it has no output {spec.name!r}: set output.name to one of {shown}"])
        index = names.index(spec.name)
        if spec.type == "Classification" and not holds_scores(trial[index]):
            raise ModelMismatch(uri, [_no_scores(ports[index], trial[index])])
        return index
    if spec.type != "Classification":
        return 0
    for index, value in enumerate(trial):
        if holds_scores(value):
            return index
    raise ModelMismatch(uri, [_no_scores(ports[0], trial[0])])


def _no_scores(port: Port, value: Value) -> str:
    shape = f" of shape {value.shape} for one image" if isinstance(value, np.ndarray) else ""
    return (
        f"its output {port.name!r} is {port.type}{shape}, but Classification needs floats of shape (N, classes): "
        "set output.name, or output.type to Tensor"
    )


def _check_labels(uri: str, port: Port, value: Value, labels: Sequence[str] | None) -> None:
    classes = len(raw_scores(value)[0])
    if labels and classes != len(labels):
        named = len(labels)
        raise ModelMismatch(
            uri, [f"its output {port.name!r} has {classes} classes, output.labels names {named}: name all of them"]
        )
