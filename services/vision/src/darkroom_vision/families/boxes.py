"""Detectors whose boxes, classes and scores are separate outputs or, in PaddleDetection, rows of one."""

from darkroom_vision.families.columns import has_no_object_class
from darkroom_vision.families.evidence import Evidence, Seen
from darkroom_vision.families.family import Family
from darkroom_vision.families.questions import NO_OBJECT, PADDLE_NORMALISATION

_BOX, _PADDLE_ROW = 4, 6
_QUERIES_OF_DETR = 100
_ONE, _TWO, _THREE, _FOUR = 1, 2, 3, 4
"""Ranks of outputs."""
_KEYPOINT = 3
_NAMES = {True: "DETR", False: "RT-DETR"}
_IMAGENET_WITHOUT_CROP = {"resize": "Stretch"}


def boxes(evidence: Evidence) -> Family | None:
    """The family of a detector with distinctive output names or shapes; None if it is not such a detector."""
    for rule in (_tensorflow, _paddle, _original_sizes, _transformers, _torchvision):
        if (found := rule(evidence)) is not None:
            return found
    return None


def _tensorflow(evidence: Evidence) -> Family | None:
    found = evidence.named("detection_boxes", "detection_scores", "detection_classes")
    if len(found) != 3:  # noqa: PLR2004 - all of these
        return None
    questions = ["Which classes are there? The numbers start at 1: list the names from class 1 on in output.labels."]
    labels = evidence.labels(None, questions)
    name = "TensorFlow detection zoo"
    return Family(name, "Detection", "TensorFlow", None, (_outputs(found),), tuple(questions), labels)


def _paddle(evidence: Evidence) -> Family | None:
    rows = [o for o in evidence.outputs if o.kind == "float" and o.rank == _TWO and o.shape[1] == _PADDLE_ROW]
    counts = [o for o in evidence.outputs if o.kind == "integer" and o.rank <= _ONE]
    if not (evidence.takes("scale_factor") and rows) and not (rows and counts):
        return None
    reasons = [f"{rows[0]}: class, score and box of each object"]
    if evidence.takes("scale_factor"):
        reasons.append("an input 'scale_factor'")
    questions = [PADDLE_NORMALISATION]
    labels = evidence.labels(None, questions)
    return Family("PaddleDetection", "Detection", "Paddle", None, tuple(reasons), tuple(questions), labels)


def _original_sizes(evidence: Evidence) -> Family | None:
    """RT-DETR and D-FINE exported with their post-processor: boxes in pixels of `orig_target_sizes`."""
    found = evidence.named("labels", "boxes", "scores")
    if len(found) != 3 or not evidence.takes("orig_target_sizes"):  # noqa: PLR2004 - all of these
        return None
    questions: list[str] = []
    labels = evidence.labels(None, questions)
    reasons = (_outputs(found), "an input 'orig_target_sizes'")
    return Family("RT-DETR or D-FINE", "Detection", "RtDetr", None, reasons, tuple(questions), labels)


def _transformers(evidence: Evidence) -> Family | None:
    """DETR and its successors: logits (N, Q, classes) and boxes (N, Q, 4)."""
    if len(found := evidence.named("dets", "labels")) == _TWO:
        return _with_logits(evidence, "RF-DETR", found["labels"], found["dets"], softmax=False, questions=[])
    if len(found := evidence.named("logits", "pred_boxes")) == _TWO:
        logits = found["logits"]
        softmax, certain = _has_no_object(evidence, logits)
        questions = [] if certain else [NO_OBJECT]
        return _with_logits(
            evidence, _NAMES[softmax], logits, found["pred_boxes"], softmax=softmax, questions=questions
        )
    return None


def _with_logits(
    evidence: Evidence, name: str, logits: Seen, found: Seen, *, softmax: bool, questions: list[str]
) -> Family | None:
    if logits.rank != _THREE or found.rank != _THREE or found.shape[2] not in (None, _BOX):
        return None
    classes = logits.shape[2]
    if classes is not None and softmax:
        classes -= 1  # the last one is "no object"
    labels = evidence.labels(classes, questions)
    reasons = (f"{logits} and {found}",)
    # Hugging Face's image processors of DETR and RF-DETR normalise as ImageNet does; RT-DETR's does not.
    imagenet = name != "RT-DETR"
    return Family(
        name,
        "Detection",
        "Detr" if softmax else "RtDetr",
        "ImageNet" if imagenet else None,
        reasons,
        tuple(questions),
        labels,
        classes,
        input=_IMAGENET_WITHOUT_CROP if imagenet else {},
    )


def _has_no_object(evidence: Evidence, logits: Seen) -> tuple[bool, bool]:
    """Whether the last class means "no object", and whether that is certain.

    It follows from the number of names, else from the trial run, else from DETR's number of queries.
    """
    classes, named = logits.shape[-1] if logits.shape else None, len(evidence.metadata.names)
    if named and classes is not None and named in (classes - 1, classes):
        return named == classes - 1, True
    usual = logits.rank == _THREE and logits.shape[1] == _QUERIES_OF_DETR
    seen = has_no_object_class(logits.value) if logits.value is not None else None
    answer = usual or seen is True
    return answer, seen is answer


def _torchvision(evidence: Evidence) -> Family | None:
    """Boxes (n, 4), integer labels (n) and scores (n) in any order, perhaps with masks or keypoints."""
    by_shape: dict[str, Seen] = {}
    for output in evidence.outputs:
        if output.kind == "float" and output.rank == _TWO and output.shape[1] == _BOX:
            by_shape.setdefault("boxes", output)
        elif output.kind == "integer" and output.rank == _ONE:
            by_shape.setdefault("labels", output)
        elif output.kind == "float" and output.rank == _ONE:
            by_shape.setdefault("scores", output)
        elif output.kind == "float" and output.rank == _FOUR:
            by_shape.setdefault("masks", output)
        elif output.kind == "float" and output.rank == _THREE and output.shape[2] == _KEYPOINT:
            by_shape.setdefault("keypoints", output)
    if not {"boxes", "labels", "scores"} <= by_shape.keys():
        return None
    questions = ["Which classes are there? Class 0 is the background: list the names from class 1 on in output.labels."]
    labels = evidence.labels(None, questions)
    reasons = (_outputs(by_shape),)
    if "masks" in by_shape:
        name = "torchvision Mask R-CNN"
        return Family(name, "InstanceSegmentation", "Torchvision", None, reasons, tuple(questions), labels)
    if "keypoints" in by_shape:
        name = "torchvision Keypoint R-CNN"
        return Family(name, "Keypoints", "Torchvision", None, reasons, tuple(questions), labels)
    name = "torchvision Faster R-CNN, RetinaNet or SSD"
    return Family(name, "Detection", "Torchvision", None, reasons, tuple(questions), labels)


def _outputs(found: dict[str, Seen]) -> str:
    return ", ".join(map(str, found.values()))
