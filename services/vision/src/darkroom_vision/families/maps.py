"""Models whose output is a map of the image: segmentation, text detection, anomaly detection, depth."""

from darkroom.api.input import Preset
from darkroom_vision.families.evidence import Evidence, Seen
from darkroom_vision.families.family import Family
from darkroom_vision.families.questions import (
    ANOMALIB_NORMALISATION,
    BINARY_MASK,
    NORMALISATION,
    PADDLE_OCR_NORMALISATION,
    TEXT_DETECTOR,
)

_PLANE, _STACK = 3, 4
"""Ranks of (N, h, w) and (N, C, h, w)."""
_FEWEST_PIXELS = 16
_LONGEST_SHAPE = 3
"""Largest ratio of the sides of a map if the input is of any size: beyond it, the output is more likely a table."""
_RATIO_TOLERANCE = 0.05
_COLOURS = 3
_ANOMALIB = ("pred_score", "anomaly_map", "pred_label", "pred_mask")
_PADDLE_NAMES = ("fetch_name_0", "sigmoid_0.tmp_0", "save_infer_model/scale_0.tmp_0", "save_infer_model/scale_0.tmp_1")
_DEPTH_NAMES = ("depth", "predicted_depth", "disparity", "inverse_depth")


def anomaly(evidence: Evidence) -> Family | None:
    """The family of an Anomalib export, recognised by the names of its outputs; else None."""
    found = evidence.named(*_ANOMALIB)
    if "anomaly_map" not in found and "pred_score" not in found:
        return None
    reasons = (", ".join(map(str, found.values())),)
    questions = (ANOMALIB_NORMALISATION,)
    return Family("Anomalib", "Anomaly", "Anomalib", "ImageNet", reasons, questions, input={"resize": "Stretch"})


def maps(evidence: Evidence) -> Family | None:
    """The family of a model whose first output has the two axes of an image; else None."""
    if not evidence.outputs:
        return None
    output = evidence.outputs[0]
    if evidence.metadata.task == "semantic" and output.rank in (_PLANE, _STACK):
        return _ultralytics(evidence, output, None if output.kind == "integer" else output.shape[1])
    if output.rank == _STACK:
        return _stack(evidence, output)
    if output.rank == _PLANE and _is_plane(evidence, output.shape[1:]):
        if output.kind == "integer":
            return _class_ids(evidence, output)
        return _depth(output)
    return None


def _stack(evidence: Evidence, output: Seen) -> Family | None:
    _, channels, height, width = output.shape
    if (height, width) == (1, 1):
        return None
    if evidence.channels_last and not _is_plane(evidence, (height, width)) and channels != 1:
        questions = (f"Is {output} one map for each class, with the classes last? Export it with channels first.",)
        return Family("unknown", "Tensor", None, None, (str(output),), questions)
    if not _is_plane(evidence, (height, width)):
        return None
    if output.kind == "integer":
        return _class_ids(evidence, output)
    if channels == 1:
        return _single(evidence, output)
    asked = [NORMALISATION]
    labels = evidence.labels(channels, asked)
    if not labels:
        asked.append(f"What are the names of the {channels or ''} classes? List them in output.labels.")
    reasons = (f"{output}: a map for each of {channels} classes",)
    return Family(
        "semantic segmentation",
        "Segmentation",
        "Logits",
        _imagenet(evidence),
        reasons,
        tuple(asked),
        labels,
        channels,
        input=_STRETCHED if _imagenet(evidence) else {},
    )


def _single(evidence: Evidence, output: Seen) -> Family:
    """(N, 1, h, w): text detection, a binary mask, or depth."""
    probabilities = output.within(0, 1)
    paddle = output.name in _PADDLE_NAMES or "paddle" in evidence.metadata.producer.lower()
    if output.name in _DEPTH_NAMES or probabilities is False:
        return _depth(output)
    if paddle and evidence.size == (None, None):
        questions = (
            TEXT_DETECTOR,
            PADDLE_OCR_NORMALISATION,
        )
        reasons = (f"{output}: a probability for each pixel, input of any size, named as Paddle's exports",)
        return Family("PaddleOCR text detection (DBNet)", "Detection", "DbNet", "PaddleOcr", reasons, questions)
    questions = (
        BINARY_MASK,
        NORMALISATION,
    )
    reasons = (f"{output}: a value from 0 to 1 for each pixel",)
    fields = _STRETCHED if _imagenet(evidence) else {}
    name = "binary segmentation"
    return Family(name, "Segmentation", "Probability", _imagenet(evidence), reasons, questions, (), 1, input=fields)


def _ultralytics(evidence: Evidence, output: Seen, channels: int | None) -> Family:
    """Ultralytics' task "semantic": a class for each pixel or, in files without the arg max, a map for each class."""
    questions: list[str] = []
    labels = evidence.labels(channels, questions)
    reasons = (str(output), "the metadata says task 'semantic'")
    return Family(
        "Ultralytics semantic",
        "Segmentation",
        "ClassIds" if output.kind == "integer" else "Logits",
        "Yolo",
        reasons,
        tuple(questions),
        labels,
        channels,
    )


def _class_ids(evidence: Evidence, output: Seen) -> Family:
    questions = [NORMALISATION]
    labels = evidence.labels(None, questions)
    if not labels:
        questions.append("What are the names of the classes? List them in output.labels.")
    fields = _STRETCHED if _imagenet(evidence) else {}
    reasons = (f"{output}: the number of a class for each pixel",)
    name = "semantic segmentation (class numbers)"
    return Family(
        name, "Segmentation", "ClassIds", _imagenet(evidence), reasons, tuple(questions), labels, input=fields
    )


def _depth(output: Seen) -> Family:
    questions = (NORMALISATION, f"What does {output.name!r} measure? The result is the raw tensor.")
    return Family("depth or another map", "Tensor", None, "ImageNet", (str(output),), questions, input=_STRETCHED)


_STRETCHED = {"resize": "Stretch"}


def _imagenet(evidence: Evidence) -> Preset | None:
    return "ImageNet" if evidence.channels == _COLOURS else None


def _is_plane(evidence: Evidence, shape: tuple[int | None, ...]) -> bool:
    """Whether two axes can be those of the image: open, or with its aspect ratio and no larger."""
    height, width = shape
    if height is None or width is None:
        return True
    if min(height, width) < _FEWEST_PIXELS:
        return False
    of_height, of_width = evidence.size
    if of_height is None or of_width is None:
        return max(height, width) <= _LONGEST_SHAPE * min(height, width)
    down, across = of_height / height, of_width / width
    return min(down, across) >= 1 and abs(down - across) <= _RATIO_TOLERANCE * down
