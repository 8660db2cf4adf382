"""Recognition of the output format for `format: Auto`. Ambiguous outputs are refused."""

from collections.abc import Sequence

import numpy as np

from darkroom.api.output import FORMATS, Output
from darkroom_vision.families import detect
from darkroom_vision.families.columns import six_columns
from darkroom_vision.families.questions import NO_OBJECT
from darkroom_vision.heads.trial import Trial

_STACK = 4
_SIX = 6


def output_format(trial: Trial, spec: Output, labels: Sequence[str]) -> str:
    """The stage's format or, with Auto, the one recognised from names, shapes and values of the outputs.

    Args:
        trial: the trial run of the model.
        spec: the stage's `output`, of a type that has formats.
        labels: class names from the stage; empty if it has none.

    Raises:
        ModelMismatch: the outputs fit no format of the type, or several; says which fields to set.
    """
    formats = FORMATS[spec.type]
    if spec.format != "Auto":
        return spec.format
    if len(formats) == 1:
        return formats[0]
    if trial.find("logits") is not None and trial.find("pred_boxes") is not None:
        return _by_no_object_class(trial, labels)
    family = detect(trial.inputs, trial.outputs, trial.metadata, trial.values)
    found = family.format if family.format in formats else _by_rank(trial, spec)
    if found is None or found not in formats:
        raise trial.mismatch(
            f"its {trial.all_shown()}, which is not recognised as {spec.type}: "
            f"set output.format to one of {', '.join(formats)}, or output.type to Tensor"
        )
    return _six_columns(trial, found) if found in {"YoloEndToEnd", "RtDetr"} else found


def _by_no_object_class(trial: Trial, labels: Sequence[str]) -> str:
    classes = trial.array(trial.index("logits")).shape[-1]
    if len(labels) == classes - 1:
        return "Detr"
    if len(labels) == classes:
        return "RtDetr"
    family = detect(trial.inputs, trial.outputs, trial.metadata, trial.values)
    if family.format in {"Detr", "RtDetr"} and NO_OBJECT not in family.questions:
        return str(family.format)
    raise trial.mismatch(
        f"its {trial.shown(trial.index('logits'))}, whose last class may be 'no object': set output.format to Detr "
        "(it is, scores are a softmax) or RtDetr (it is not, scores are a sigmoid)"
    )


def _by_rank(trial: Trial, spec: Output) -> str | None:
    """The format by rank, element type and range of the output; None if they do not decide it."""
    index = 0 if spec.name is None else trial.index(spec.name)
    value = trial.array(index)
    if spec.type in {"Detection", "OrientedDetection"}:
        return "DbNet" if value.ndim == _STACK and value.shape[1] == 1 and _is_probability(value) else None
    if spec.type != "Segmentation" or value.ndim not in {_STACK - 1, _STACK}:
        return None
    if value.dtype.kind in "iu":
        return "ClassIds"
    if value.ndim == _STACK and value.shape[1] > 1:
        return "Logits"
    return "Probability" if _is_probability(value) else None


def _is_probability(value: np.ndarray[tuple[int, ...], np.dtype[np.floating]]) -> bool:
    return value.dtype.kind == "f" and bool(np.all((value >= 0) & (value <= 1)))


def _six_columns(trial: Trial, found: str) -> str:
    """The format of a table of six columns, which two formats have."""
    index = trial.first(3)
    if index is None or trial.array(index).shape[-1] != _SIX:
        return found
    table = trial.array(index)
    if (seen := six_columns(table)) is not None:
        return seen
    raise trial.mismatch(
        f"its {trial.shown(index)}, which is neither YoloEndToEnd (x1 y1 x2 y2, score, class) nor RtDetr (cx cy w h, "
        "scores of two classes, or score and class): set output.format"
    )
