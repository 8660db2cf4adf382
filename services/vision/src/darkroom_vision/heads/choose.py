"""Choosing the head of a stage: which outputs of the model it reads, and whether they fit."""

from collections.abc import Sequence

import numpy as np

from darkroom.api.output import BOX_TYPES, FORMATS, Output
from darkroom_vision.heads.anomaly import AnomalyHead
from darkroom_vision.heads.base import Head
from darkroom_vision.heads.boxes.choose import boxes_head
from darkroom_vision.heads.classification import ClassificationHead, holds_scores, raw_scores
from darkroom_vision.heads.embedding import EmbeddingHead
from darkroom_vision.heads.formats import output_format
from darkroom_vision.heads.labels import class_labels
from darkroom_vision.heads.segmentation import SegmentationHead
from darkroom_vision.heads.tensor import TensorHead
from darkroom_vision.heads.text import CtcHead
from darkroom_vision.heads.trial import Trial

DEFAULT_TOP_K = 3
DEFAULT_MULTI_LABEL_THRESHOLD = 0.5
_HALF = 0.5
_STEPS, _STACK = 3, 4


def choose_head(trial: Trial, spec: Output, labels: Sequence[str] | None) -> Head:
    """The head for `output` of a stage.

    Args:
        trial: the trial run on a blank image.
        spec: the stage's `output`.
        labels: class names from `spec.labels` or the file of `spec.labelsUri`.

    Raises:
        ModelMismatch: model and stage contradict each other; says what each of them has, and what to change.
    """
    own = tuple(labels or ())
    form = output_format(trial, spec, own) if spec.type in FORMATS else "Auto"
    if spec.type in BOX_TYPES:
        return boxes_head(trial, spec, own, form)
    match spec.type:
        case "Classification" | "MultiLabel":
            return _classification(trial, spec, own)
        case "Segmentation":
            return _segmentation(trial, spec, own, form)
        case "Text":
            return _text(trial, spec, own)
        case "Anomaly":
            return _anomaly(trial, spec)
        case _:
            return _numbers(trial, spec)


def _classification(trial: Trial, spec: Output, labels: tuple[str, ...]) -> Head:
    """The named output, else the first that holds scores: other outputs may hold the label."""
    candidates = [trial.index(spec.name)] if spec.name is not None else list(range(len(trial.outputs)))
    found = next((i for i in candidates if holds_scores(trial.values[i])), None)
    if found is None:
        raise trial.mismatch(
            f"its {trial.shown(candidates[0])}, but {spec.type} needs floats of shape (N, classes): "
            "set output.name, or output.type to Tensor"
        )
    raw, own_labels = raw_scores(trial.values[found])
    names = class_labels(trial, labels, len(raw))
    several = spec.type == "MultiLabel"
    return ClassificationHead(
        index=found,
        name=trial.outputs[found].name,
        labels=() if own_labels and not labels else names,
        top_k=spec.top_k if several else spec.top_k or DEFAULT_TOP_K,
        threshold=(DEFAULT_MULTI_LABEL_THRESHOLD if several else 0.0) if spec.threshold is None else spec.threshold,
        activation=spec.activation or ("Sigmoid" if several else "None"),
    )


def _segmentation(trial: Trial, spec: Output, labels: tuple[str, ...], form: str) -> Head:
    index = 0 if spec.name is None else trial.index(spec.name)
    value = trial.array(index)
    name = trial.outputs[index].name
    threshold = _HALF if spec.threshold is None else spec.threshold
    fits = value.dtype.kind in "fiub" and value.ndim in {_STEPS, _STACK}
    if form == "Logits" and fits and value.ndim == _STACK:
        return SegmentationHead(index, name, class_labels(trial, labels, value.shape[1]), "Logits", threshold)
    if form == "ClassIds" and fits and (value.ndim == _STEPS or value.shape[1] == 1):
        return SegmentationHead(index, name, class_labels(trial, labels, None), "ClassIds", threshold)
    if form == "Probability" and fits and (value.ndim == _STEPS or value.shape[1] == 1):
        return SegmentationHead(index, name, class_labels(trial, labels, 1), "Probability", threshold)
    raise trial.mismatch(f"its {trial.shown(index)}, which is not of the format {form}: set output.name or format")


def _text(trial: Trial, spec: Output, labels: tuple[str, ...]) -> Head:
    index = trial.index(spec.name) if spec.name is not None else trial.first(_STEPS)
    if index is None or trial.array(index).ndim != _STEPS:
        raise trial.mismatch(f"its {trial.all_shown()}, but Text needs floats of shape (N, steps, characters)")
    steps = trial.array(index)
    steps_first = steps.shape[0] != 1 and steps.shape[1] == 1
    softmax = not np.allclose(steps.astype(np.float64).sum(axis=-1), 1, atol=1e-2)
    characters = _characters(trial, labels or trial.metadata.names, steps.shape[-1])
    return CtcHead(
        index, trial.outputs[index].name, characters, spec.threshold or 0.0, softmax=softmax, steps_first=steps_first
    )


def _characters(trial: Trial, known: Sequence[str], classes: int) -> tuple[str, ...]:
    """The character of each class. Dictionaries leave out the blank, and PaddleOCR's the space at the end."""
    if len(known) == classes:
        return tuple(known)
    if len(known) == classes - 1:
        return ("", *known)
    if len(known) == classes - 2 and known:
        return ("", *known, " ")
    raise trial.mismatch(
        f"it has {classes} characters with the blank, but {len(known)} are named: "
        "set output.labels or labelsUri to the characters from class 1 on, one per line"
    )


def _anomaly(trial: Trial, spec: Output) -> Head:
    score, label = trial.find("pred_score", "pred_scores"), trial.find("pred_label", "pred_labels")
    heat, mask = trial.find("anomaly_map", "anomaly_maps"), trial.find("pred_mask", "pred_masks")
    if spec.name is not None or (score is None and heat is None):
        index = trial.index(spec.name) if spec.name is not None else 0
        is_map = trial.array(index).ndim >= _STEPS
        score, heat = (None, index) if is_map else (index, heat)
    chosen = heat if score is None else score
    if chosen is None or trial.array(chosen).dtype.kind != "f":
        raise trial.mismatch(f"its {trial.all_shown()}, but Anomaly needs pred_score or anomaly_map: set output.name")
    return AnomalyHead(score, label, heat, mask, spec.threshold)


def _numbers(trial: Trial, spec: Output) -> Head:
    index = 0 if spec.name is None else trial.index(spec.name)
    port = trial.outputs[index]
    if not isinstance(trial.values[index], np.ndarray) or trial.array(index).dtype.kind not in "fiub":
        raise trial.mismatch(
            f"its output {port.name!r} is {port.type}, which is not a numeric tensor: set output.name to another"
        )
    if spec.type == "Embedding":
        return EmbeddingHead(index, port.name, spec.normalize)
    return TensorHead(index, port.name)
