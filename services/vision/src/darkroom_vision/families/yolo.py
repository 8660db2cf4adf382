"""YOLO detectors: all predictions in one tensor, mask prototypes in a second."""

from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from darkroom.api.output import OutputType
from darkroom_vision.families.columns import extra_columns, has_classes, six_columns
from darkroom_vision.families.evidence import Evidence, Seen
from darkroom_vision.families.family import Family
from darkroom_vision.families.pyramid import boxes_per_cell, is_on_grid
from darkroom_vision.families.questions import EARLIER_YOLOX, IS_YOLOX, TRANSPOSED_V8

_BOX, _CORNERS_SCORE_CLASS = 4, 6
_RANK, _PROTOTYPES_RANK, _RAW_HEADS_RANK = 3, 4, 5
_FEWEST_MAPS = 2
"""As in YOLOv5 tiny. If one were enough, 100 or 300 queries could be taken for the cells of a small input."""
_MOST_QUERIES = 3_000
_USUAL_QUERIES = (100, 200, 300, 500, 900, 1_000)
_MOST_COLUMNS = 2_000
_RT_DETR_HEAD = "RTDETRDecoder"
_POSE_COCO = 4 + 1 + 3 * 17
_EXTRA = {"detect": "", "pose": "{} numbers of keypoints", "obb": "1 angle"}
_WORDS = {"detect": "detect", "segment": "segment", "pose": "pose", "obb": "oriented boxes"}
_TASKS: dict[str, OutputType] = {
    "detect": "Detection",
    "segment": "InstanceSegmentation",
    "pose": "Keypoints",
    "obb": "OrientedDetection",
    "classify": "Classification",
}


@dataclass(frozen=True, slots=True)
class _Table:
    """The output with the predictions: `count` predictions of `width` numbers."""

    output: Seen
    count: int | None
    width: int
    masks: int
    per_cell: dict[int, str]

    @property
    def columns(self) -> npt.NDArray[Any] | None:
        """(width, count): the values of the trial run; None if there was none."""
        value = self.output.value
        if value is None or len(value) != 1:
            return None
        table: npt.NDArray[Any] = value[0]
        return table if len(table) == self.width else table.T

    @property
    def counted(self) -> str:
        """The sum of cells that gives the number of predictions; empty if there is none."""
        return next(iter(self.per_cell.values()), "")


def yolo(evidence: Evidence) -> Family | None:
    """The family of a model of Ultralytics, YOLOv5 to v10 or YOLOX, for any of their tasks but classify; else None."""
    if not evidence.outputs or evidence.metadata.task == "classify":
        return None
    predictions, *others = evidence.outputs
    prototypes = [other for other in others if other.rank == _PROTOTYPES_RANK]
    if predictions.kind != "float" or predictions.rank != _RANK or len(prototypes) > 1:
        return None
    if any(other.rank != _RAW_HEADS_RANK for other in others if other not in prototypes):
        return None
    masks = (prototypes[0].shape[1] or 0) if prototypes else 0
    _, first, second = predictions.shape
    if first is not None and second is not None and _suppresses(evidence):
        return _queries(evidence, _Table(predictions, first, second, masks, {}))
    per_cell_of_second = _per_cell(evidence, second)
    per_cell_of_first = _per_cell(evidence, first, _FEWEST_MAPS)
    if first is not None and (second is None or (1 in per_cell_of_second and first < second)):
        return _columns(evidence, _Table(predictions, second, first, masks, per_cell_of_second))
    if second is not None and (first is None or (per_cell_of_first and second < first)):
        return _rows(evidence, _Table(predictions, first, second, masks, per_cell_of_first))
    if first is not None and second is not None and first <= _MOST_QUERIES:
        return _queries(evidence, _Table(predictions, first, second, masks, {}))
    return None


def _per_cell(evidence: Evidence, count: int | None, fewest_strides: int = 1) -> dict[int, str]:
    """The numbers of boxes per cell: for the size of the trial run, else for the declared size."""
    if count is None:
        return {}
    return boxes_per_cell(count, evidence.tried, fewest_strides) or boxes_per_cell(count, evidence.size, fewest_strides)


def _columns(evidence: Evidence, table: _Table) -> Family | None:
    """(N, 4 + classes + extra, A): the layout of YOLOv8 and later."""
    if table.width <= _BOX or (table.count is None and not _exported_by_ultralytics(evidence)):
        return None
    points, named, task = evidence.metadata.keypoint_shape, len(evidence.metadata.names), evidence.metadata.task
    rest = table.width - _BOX
    questions: list[str] = []
    if table.masks:
        return _v8(evidence, table, "segment", rest - table.masks, f"{table.masks} mask coefficients", questions)
    if task == "pose" or points is not None:
        numbers = points[0] * points[1] if points else (rest - 1 if (rest - 1) % 3 == 0 else 0)
        if numbers and rest - numbers >= 1:
            return _v8(evidence, table, "pose", rest - numbers, f"{numbers} numbers of keypoints", questions)
    if task == "obb" and rest > 1 and named in (0, rest - 1):
        return _v8(evidence, table, "obb", rest - 1, "1 angle", questions)
    seen = extra_columns(table.columns) if task is None and table.columns is not None else None
    if seen is not None:
        found, extra = seen
        return _v8(evidence, table, found, rest - extra, _EXTRA[found].format(extra), questions)
    if table.width == _POSE_COCO and not named:
        questions.append(
            f"Is it a detector of {rest} classes? A pose model of 17 keypoints has outputs of the same shape: "
            "for that one, set output.type to Keypoints."
        )
    return _v8(evidence, table, "detect", rest, "", questions)


def _rows(evidence: Evidence, table: _Table) -> Family | None:
    """(N, A, 5 + classes + masks): YOLOv5 and v7 with three boxes per cell, YOLOX with one."""
    classes = table.width - _BOX - 1 - table.masks
    if classes < 1 or (table.count is None and not _exported_by_ultralytics(evidence)):
        return None
    questions: list[str] = []
    if set(table.per_cell) == {1}:
        if _is_transposed_v8(evidence, table):
            return _columns(evidence, table)
        if not _is_raw(evidence, table) and len(evidence.metadata.names) != classes:
            questions.append(TRANSPOSED_V8)
        questions.append(EARLIER_YOLOX)
        reasons = (f"{table.output}: {table.count} = {table.per_cell[1]} cells, {table.width} = 4 + 1 + {classes}",)
        labels = evidence.labels(classes, questions)
        return Family("YOLOX", "Detection", "YoloX", "YoloX", reasons, tuple(questions), labels, classes)
    if 1 in table.per_cell and not _exported_by_ultralytics(evidence):
        questions.append(IS_YOLOX)
    per_cell = {3: table.per_cell[3]} if 3 in table.per_cell else table.per_cell  # noqa: PLR2004 - YOLOv5's anchors
    reasons = (
        f"{table.output}: {table.count} = {per_cell[3]}, {table.width} = 4 + 1 + {classes}"
        if table.count is not None
        else f"{table.output}: {table.width} = 4 + 1 + {classes}",
    )
    labels = evidence.labels(classes, questions)
    kind: OutputType = "InstanceSegmentation" if table.masks else "Detection"
    name = "YOLOv5 segment" if table.masks else "YOLOv5 or v7 detect"
    return Family(name, kind, "YoloV5", "Yolo", (*reasons, *_said(evidence)), tuple(questions), labels, classes)


def _queries(evidence: Evidence, table: _Table) -> Family | None:
    """(N, Q, 6 + extra) after non-maximum suppression, or (N, Q, 4 + classes) of Ultralytics' RT-DETR."""
    named, task, points = len(evidence.metadata.names), evidence.metadata.task, evidence.metadata.keypoint_shape
    extra = table.width - _CORNERS_SCORE_CLASS
    known = _exported_by_ultralytics(evidence)
    if not known and table.count not in _USUAL_QUERIES:
        return None
    value = table.output.value
    if extra == 0 and evidence.metadata.custom.get("head") == _RT_DETR_HEAD:
        return _transformer(evidence, table, (), scored=True)
    if extra == 0 and value is not None and value.any():
        if (seen := six_columns(value)) == "RtDetr":
            return _transformer(evidence, table, (), scored=has_classes(value))
        known = known or seen == "YoloEndToEnd"
    as_queries = table.width - _BOX
    if as_queries == named and task in (None, "detect") and not (extra == 0 and _end_to_end(evidence, table)):
        return _transformer(evidence, table, ())
    numbers = points[0] * points[1] if points else 0
    tasks = {(table.masks, "segment"), (numbers, "pose"), (1, "obb"), (0, "detect")}
    likely = task or ("segment" if table.masks else "detect")
    if (extra, likely) not in tasks:
        if known or table.width <= _BOX or table.width > _MOST_COLUMNS:
            return None
        question = "Are the boxes cx cy w h from 0 to 1 with a score for each class, as in RT-DETR of Ultralytics?"
        certain = bool(table.output.within(0, 1)) and table.output.value is not None and table.output.value.any()
        return _transformer(evidence, table, () if certain else (question,))
    questions = [] if known else ["Are the six numbers x1 y1 x2 y2, score and class, as Ultralytics exports them?"]
    reasons = (f"{table.output}: {table.count} boxes after suppression, x1 y1 x2 y2, score, class", *_said(evidence))
    return Family(
        f"Ultralytics {_WORDS[likely]}, end to end",
        _TASKS[likely],
        "YoloEndToEnd",
        "Yolo",
        reasons,
        tuple(questions),
        evidence.metadata.names,
    )


def _transformer(evidence: Evidence, table: _Table, questions: tuple[str, ...], *, scored: bool = False) -> Family:
    """RT-DETR of Ultralytics, since version 8.4 with a score and a class instead of the scores of all classes."""
    problems: list[str] = list(questions)
    classes = None if scored else table.width - _BOX
    labels = evidence.labels(classes, problems)
    columns = "score + class" if scored else f"{classes} classes"
    reasons = (f"{table.output}: {table.count} queries, {table.width} = 4 box coordinates + {columns}",)
    return Family(
        "Ultralytics RT-DETR",
        "Detection",
        "RtDetr",
        "Yolo",
        reasons,
        tuple(problems),
        labels,
        classes,
        input={"resize": "Stretch"},
    )


def _v8(evidence: Evidence, table: _Table, task: str, classes: int, extra: str, questions: list[str]) -> Family | None:
    if classes < 1:
        return None
    said = evidence.metadata.task
    if said is not None and said != task:
        questions.append(f"The file's metadata says task {said!r}, but its outputs are those of {task!r}: which is it?")
    parts = f"{table.width} = 4 box coordinates + {classes} classes" + (f" + {extra}" if extra else "")
    counted = f"{table.count} = {table.counted} cells, " if table.counted else ""
    labels = evidence.labels(classes, questions)
    return Family(
        f"Ultralytics {_WORDS[task]} (v8 layout)",
        _TASKS[task],
        "YoloV8",
        "Yolo",
        (f"{table.output}: {counted}{parts}", *_said(evidence)),
        tuple(questions),
        labels,
        classes,
    )


def _is_raw(evidence: Evidence, table: _Table) -> bool:
    """Whether boxes are relative to grid cells in the trial run, as only YOLOX leaves them."""
    height, width = evidence.tried
    columns = table.columns
    if columns is None or height is None or width is None or not columns[:_BOX].any():
        return False
    return is_on_grid(columns.T, (width, height))


def _is_transposed_v8(evidence: Evidence, table: _Table) -> bool:
    """Whether the metadata name as many classes as a row has numbers after the box, without an objectness."""
    named = len(evidence.metadata.names)
    return named == table.width - _BOX - table.masks or evidence.metadata.task in _TASKS


def _exported_by_ultralytics(evidence: Evidence) -> bool:
    """Whether the metadata has `stride` and `names`, which YOLOv5 and Ultralytics write."""
    return evidence.metadata.stride is not None or evidence.metadata.task in _TASKS


def _suppresses(evidence: Evidence) -> bool:
    """Whether the metadata says that overlapping boxes are dropped in the graph."""
    custom = evidence.metadata.custom
    return custom.get("end2end") == "True" or "'nms': True" in custom.get("args", "")


def _end_to_end(evidence: Evidence, table: _Table) -> bool:
    """Whether suppression is in the graph: the metadata says so, or boxes of the trial run are in pixels."""
    return _suppresses(evidence) or table.output.within(0, 1) is False


def _said(evidence: Evidence) -> tuple[str, ...]:
    task, names = evidence.metadata.task, evidence.metadata.names
    return (f"the metadata says task {task!r} and names {len(names)} classes",) if task else ()
