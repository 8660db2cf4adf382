"""Choosing the head for types with boxes: the decoder of the format, its outputs and the number of classes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from darkroom.api.output import Output
from darkroom_vision.families.columns import has_classes
from darkroom_vision.families.pyramid import is_on_grid
from darkroom_vision.heads.base import Head
from darkroom_vision.heads.boxes import dbnet
from darkroom_vision.heads.boxes.candidates import Decoder
from darkroom_vision.heads.boxes.columns import check_keypoint_names, check_scores, columns, further, is_transposed
from darkroom_vision.heads.boxes.dbnet import DbNet
from darkroom_vision.heads.boxes.detr import QueryLogits, QueryTable
from darkroom_vision.heads.boxes.head import BoxesHead, Details, OrientedBoxesHead
from darkroom_vision.heads.boxes.keypoints import KeypointDetails
from darkroom_vision.heads.boxes.masks import PastedMasks
from darkroom_vision.heads.boxes.suppression import Suppression
from darkroom_vision.heads.boxes.tables import PaddleRows, SeparateTables, Unit
from darkroom_vision.heads.boxes.yolo import BOX, YoloEndToEnd, YoloV5, YoloV8
from darkroom_vision.heads.labels import class_labels, without_background
from darkroom_vision.heads.trial import Trial
from darkroom_vision.model.input import ModelMismatch

DEFAULT_THRESHOLD = 0.25
DEFAULT_MOST = 300
"""Ultralytics' defaults for prediction."""
DEFAULT_IOU = {"YoloV8": 0.7, "YoloV5": 0.45, "YoloX": 0.7}
"""Of formats with overlapping boxes. Ultralytics' default, and that of `detect.py` of YOLOv5 and YOLOv7."""

_TABLE, _STACK, _ROWS = 3, 4, 2
_POINT = 3


@dataclass(frozen=True, slots=True)
class Reading:
    """How to read the model, as the function of its format finds out."""

    decoder: Decoder
    labels: tuple[str, ...]
    details: Details | None = None


def default_threshold(output_format: str) -> float:
    """The threshold of a format, unless the stage sets one."""
    return dbnet.DEFAULT_THRESHOLD if output_format == "DbNet" else DEFAULT_THRESHOLD


def boxes_head(trial: Trial, spec: Output, labels: Sequence[str], output_format: str) -> Head:
    """The head for a type with boxes.

    Raises:
        ModelMismatch: the outputs are not those of the format, or the stage's labels do not fit.
    """
    threshold = default_threshold(output_format) if spec.threshold is None else spec.threshold
    reading = _READINGS[output_format](trial, spec, labels, threshold)
    iou = spec.iou_threshold or DEFAULT_IOU.get(output_format)
    most = spec.max_detections or DEFAULT_MOST
    suppression = Suppression(iou, spec.class_agnostic, most)
    if spec.type == "OrientedDetection":
        return OrientedBoxesHead(reading.decoder, reading.labels, suppression)
    if reading.details is None and spec.type in {"InstanceSegmentation", "Keypoints"}:
        missing = "masks" if spec.type == "InstanceSegmentation" else "keypoints"
        raise trial.mismatch(f"its {trial.all_shown()}: there are no {missing}: set output.type to Detection")
    details = reading.details if spec.type != "Detection" else None
    return BoxesHead(reading.decoder, reading.labels, suppression, details)


def _yolo_v8(trial: Trial, spec: Output, labels: Sequence[str], threshold: float) -> Reading:
    index = _index(trial, spec, _TABLE)
    _, first, second = trial.array(index).shape
    transposed = is_transposed(trial, first, second)
    width = second if transposed else first
    rest = columns(trial, spec, labels, width - BOX)
    table = trial.array(index)[0]
    table = table if transposed else table.T
    check_scores(trial, index, table[:, BOX : BOX + rest.classes])
    name = trial.outputs[index].name
    decoder = YoloV8(index, name, rest.classes, threshold, transposed, radians=spec.type == "OrientedDetection")
    return Reading(decoder, class_labels(trial, labels, rest.classes), rest.details)


def _yolo_v5(trial: Trial, spec: Output, labels: Sequence[str], threshold: float, *, grids: bool = False) -> Reading:
    index = _index(trial, spec, _TABLE)
    table = trial.array(index)[0]
    rest = columns(trial, spec, labels, table.shape[1] - BOX - 1)
    check_scores(trial, index, table[:, BOX : BOX + 1 + rest.classes])
    on_grid = grids and is_on_grid(table, trial.input_size)
    decoder = YoloV5(index, trial.outputs[index].name, rest.classes, threshold, on_grid)
    return Reading(decoder, class_labels(trial, labels, rest.classes), rest.details)


def _yolo_x(trial: Trial, spec: Output, labels: Sequence[str], threshold: float) -> Reading:
    return _yolo_v5(trial, spec, labels, threshold, grids=True)


def _end_to_end(trial: Trial, spec: Output, labels: Sequence[str], threshold: float) -> Reading:
    index = _index(trial, spec, _TABLE)
    table = trial.array(index)[0]
    extra = table.shape[1] - BOX - 2
    oriented = spec.type == "OrientedDetection"
    if extra < 0 or (oriented and extra != 1):
        raise trial.mismatch(
            f"its {trial.shown(index)}, but YoloEndToEnd needs {'7' if oriented else '6 or more'} columns: "
            "correct output.format"
        )
    check_scores(trial, index, table[:, BOX : BOX + 1])
    decoder = YoloEndToEnd(index, trial.outputs[index].name, threshold, radians=oriented)
    return Reading(decoder, class_labels(trial, labels, None), further(trial, spec, extra))


def _rt_detr(trial: Trial, spec: Output, labels: Sequence[str], threshold: float) -> Reading:
    boxes, scores, classes = trial.find("boxes"), trial.find("scores"), trial.find("labels")
    if boxes is not None and scores is not None and classes is not None:  # exported with the post-processor
        unit: Unit = "TimesImageSize" if "orig_target_sizes" in trial.told else "InputPixels"
        decoder = SeparateTables(boxes, classes, scores, trial.outputs[scores].name, threshold, unit)
        return Reading(decoder, class_labels(trial, labels, None))
    if len(trial.outputs) == 1 or spec.name is not None:
        index = _index(trial, spec, _TABLE)
        table = trial.array(index)[0]
        scored = has_classes(table)
        check_scores(trial, index, table[:, BOX : BOX + 1] if scored else table[:, BOX:])
        decoder_of_table = QueryTable(index, trial.outputs[index].name, threshold, scored)
        return Reading(decoder_of_table, class_labels(trial, labels, None if scored else table.shape[1] - BOX))
    return _logits_and_boxes(trial, labels, threshold, softmax=False)


def _detr(trial: Trial, spec: Output, labels: Sequence[str], threshold: float) -> Reading:
    _refuse_name(trial, spec, "Detr")
    return _logits_and_boxes(trial, labels, threshold, softmax=True)


def _logits_and_boxes(trial: Trial, labels: Sequence[str], threshold: float, *, softmax: bool) -> Reading:
    boxes = trial.find("pred_boxes", "dets")
    if boxes is None:
        boxes = trial.first(_TABLE, columns=BOX)
    logits = trial.find("logits", "labels")
    if logits is None and boxes is not None:
        logits = trial.first(_TABLE, but=[boxes])
    if boxes is None or logits is None or trial.array(boxes).shape[:2] != trial.array(logits).shape[:2]:
        raise _misfit(trial, "the logits (N, queries, classes) and boxes (N, queries, 4) of this format")
    classes = trial.array(logits).shape[2] - softmax
    decoder = QueryLogits(logits, boxes, trial.outputs[logits].name, threshold, softmax)
    return Reading(decoder, class_labels(trial, labels, classes))


def _torchvision(trial: Trial, spec: Output, labels: Sequence[str], threshold: float) -> Reading:
    _refuse_name(trial, spec, "Torchvision")
    boxes = trial.first(_ROWS, columns=BOX)
    classes, scores = trial.first(1, "iu"), trial.first(1)
    if boxes is None or classes is None or scores is None:
        raise _misfit(trial, "boxes (n, 4), labels (n) and scores (n)")
    decoder = SeparateTables(
        boxes, classes, scores, trial.outputs[scores].name, threshold, "InputPixels", first_class=1
    )
    details: Details | None = None
    masks, points = trial.first(_STACK), trial.first(_TABLE, columns=_POINT)
    if spec.type == "InstanceSegmentation" and masks is not None:
        details = PastedMasks(masks, trial.outputs[masks].name)
    elif spec.type == "Keypoints" and points is not None:
        check_keypoint_names(trial, spec, trial.array(points).shape[1])
        names = tuple(spec.keypoint_names or ())
        details = KeypointDetails(_POINT, names, points, trial.first(_ROWS, but=[boxes]))
    return Reading(decoder, without_background(class_labels(trial, labels, None)), details)


def _tensorflow(trial: Trial, spec: Output, labels: Sequence[str], threshold: float) -> Reading:
    _refuse_name(trial, spec, "TensorFlow")
    boxes, classes = trial.find("detection_boxes"), trial.find("detection_classes")
    scores, count = trial.find("detection_scores"), trial.find("num_detections")
    if boxes is None or classes is None or scores is None:
        raise _misfit(trial, "detection_boxes, detection_classes and detection_scores")
    name = trial.outputs[scores].name
    decoder = SeparateTables(
        boxes, classes, scores, name, threshold, "Fraction", y_first=True, first_class=1, count=count
    )
    return Reading(decoder, without_background(class_labels(trial, labels, None)))


def _paddle(trial: Trial, spec: Output, labels: Sequence[str], threshold: float) -> Reading:
    index = trial.index(spec.name) if spec.name is not None else trial.first(_ROWS, columns=BOX + 2)
    if index is None or trial.array(index).shape[-1:] != (BOX + 2,):
        raise _misfit(trial, "class, score and box of each object (n, 6)")
    unit: Unit = "ByScaleFactor" if "scale_factor" in trial.told else "InputPixels"
    decoder = PaddleRows(index, trial.outputs[index].name, threshold, unit)
    return Reading(decoder, class_labels(trial, labels, None))


def _dbnet(trial: Trial, spec: Output, labels: Sequence[str], threshold: float) -> Reading:
    index = _index(trial, spec, _STACK)
    if trial.array(index).shape[1] != 1:
        raise _misfit(trial, "one map of probabilities (N, 1, H, W)")
    decoder = DbNet(index, trial.outputs[index].name, threshold, upright=spec.type == "Detection")
    return Reading(decoder, class_labels(trial, labels, 1) or ("text",))


def _index(trial: Trial, spec: Output, rank: int) -> int:
    """The named output, else the first of this rank."""
    index = trial.index(spec.name) if spec.name is not None else trial.first(rank)
    if index is None or trial.array(index).ndim != rank or trial.array(index).dtype.kind != "f":
        raise _misfit(trial, f"an output of floats with {rank} dimensions")
    return index


def _refuse_name(trial: Trial, spec: Output, output_format: str) -> None:
    if spec.name is not None:
        raise trial.mismatch(f"the format {output_format} reads several outputs: remove output.name")


def _misfit(trial: Trial, wanted: str) -> ModelMismatch:
    return trial.mismatch(f"its {trial.all_shown()}: the format needs {wanted}: correct output.format")


_READINGS: dict[str, Callable[[Trial, Output, Sequence[str], float], Reading]] = {
    "YoloV8": _yolo_v8,
    "YoloV5": _yolo_v5,
    "YoloX": _yolo_x,
    "YoloEndToEnd": _end_to_end,
    "RtDetr": _rt_detr,
    "Detr": _detr,
    "Torchvision": _torchvision,
    "TensorFlow": _tensorflow,
    "Paddle": _paddle,
    "DbNet": _dbnet,
}
