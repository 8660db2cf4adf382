"""The columns of a YOLO table: how many are class scores, and what the others are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from darkroom.api.output import Output
from darkroom_vision.families.pyramid import grid
from darkroom_vision.heads.boxes.head import Details
from darkroom_vision.heads.boxes.keypoints import KeypointDetails
from darkroom_vision.heads.boxes.masks import PrototypeMasks
from darkroom_vision.heads.trial import Trial

_STACK = 4
_POINT = 3
_ROUNDING = 1e-3


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns after box and objectness."""

    classes: int
    details: Details | None


def columns(trial: Trial, spec: Output, labels: Sequence[str], count: int) -> Columns:
    """How `count` columns are divided into class scores and extra columns.

    The number of mask coefficients is that of the prototypes. The number of keypoints is in the file's metadata, or
    follows from the number of labels (one class if there are none).

    Raises:
        ModelMismatch: no class is left.
    """
    task, names = trial.metadata.task, labels or trial.metadata.names
    prototypes = trial.first(_STACK)
    if prototypes is not None:
        extra = trial.array(prototypes).shape[1]
    elif spec.type == "OrientedDetection" or task == "obb":
        extra = 1
    elif spec.type == "Keypoints" or task == "pose":
        shape = trial.metadata.keypoint_shape
        extra = shape[0] * shape[1] if shape is not None else count - (len(names) or 1)
    else:
        extra = 0
    if task == "obb" and spec.type != "OrientedDetection":
        raise trial.mismatch("its boxes are oriented: set output.type to OrientedDetection")
    if count - extra < 1:
        raise trial.mismatch(
            f"its {trial.all_shown()}, which leaves no column for the score of a class: correct output.format or labels"
        )
    return Columns(count - extra, further(trial, spec, extra))


def further(trial: Trial, spec: Output, extra: int) -> Details | None:
    """How to read the `extra` columns, for types that use them; else None.

    Raises:
        ModelMismatch: the columns do not fit the type.
    """
    if spec.type == "InstanceSegmentation":
        prototypes = trial.first(_STACK)
        return None if prototypes is None else PrototypeMasks(prototypes, trial.outputs[prototypes].name)
    if spec.type != "Keypoints" or extra == 0:
        return None
    shape = trial.metadata.keypoint_shape
    numbers = shape[1] if shape is not None else _POINT if extra % _POINT == 0 else _POINT - 1
    if extra % numbers:
        raise trial.mismatch(f"its {trial.all_shown()}, which leaves {extra} columns for keypoints: name all classes")
    check_keypoint_names(trial, spec, extra // numbers)
    return KeypointDetails(numbers, tuple(spec.keypoint_names or ()))


def check_keypoint_names(trial: Trial, spec: Output, points: int) -> None:
    """Check that the stage names as many keypoints as the model has.

    Raises:
        ModelMismatch: it names more or fewer.
    """
    if spec.keypoint_names is not None and len(spec.keypoint_names) != points:
        named = len(spec.keypoint_names)
        raise trial.mismatch(f"it has {points} keypoints, output.keypointNames names {named}: name all of them")


def is_transposed(trial: Trial, first: int, second: int) -> bool:
    """Whether a YOLOv8 table of shape (first, second) has a row for each prediction, not a column.

    The number of predictions is the number of cells in the input's grids. If neither is, it is the larger of the two.
    """
    if grid(trial.input_size, second) is not None:
        return False
    return grid(trial.input_size, first) is not None or first > second


def check_scores(trial: Trial, index: int, scores: npt.NDArray[Any]) -> None:
    """Check that scores are between 0 and 1, as in all YOLO formats.

    Raises:
        ModelMismatch: they are not.
    """
    if scores.size and not bool(np.all((scores >= -_ROUNDING) & (scores <= 1 + _ROUNDING))):
        raise trial.mismatch(
            f"its {trial.shown(index)}, whose scores are not between 0 and 1 for a blank image: "
            "correct output.format, or export the model with its activation"
        )
