"""What the values of a trial run tell about the columns of a table of predictions.

Scores are between 0 and 1, coordinates are in pixels, and angles are in radians. A table that is constant, as that of a
made-up model, tells nothing.
"""

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Table = npt.NDArray[Any]

_ROUNDING = 1e-3
_BOX, _CLASS = 4, 5
_POINT, _POINT_WITHOUT_SCORE = 3, 2
_RANK = 3
_MOSTLY = 0.9


def are_scores(columns: Table) -> npt.NDArray[np.bool_]:
    """For each of the columns (n, A): whether all its values are between 0 and 1."""
    return np.asarray(((columns >= -_ROUNDING) & (columns <= 1 + _ROUNDING)).all(axis=1))


def extra_columns(table: Table) -> tuple[Literal["detect", "pose", "obb"], int] | None:
    """The task and the number of columns after the class scores; None if the values do not tell.

    Args:
        table: (4 + classes + extra, A), with boxes in pixels.
    """
    if not np.isfinite(table).all() or table[:_BOX].max(initial=0) <= 1:
        return None
    within = are_scores(table[_BOX:])
    if within.all():
        return "detect", 0
    classes = int(np.argmin(within))  # up to the first column that is no score
    extra = len(within) - classes
    if classes == 0:
        return None
    if extra == 1:
        return ("obb", 1) if np.abs(table[-1]).max() <= np.pi else None
    if (
        extra % _POINT == 0
        and within[classes + _POINT - 1 :: _POINT].all()
        and within[classes:].sum() == extra // _POINT
    ):
        return "pose", extra
    return ("pose", extra) if extra % _POINT_WITHOUT_SCORE == 0 and not within[classes:].any() else None


def six_columns(table: Table) -> Literal["YoloEndToEnd", "RtDetr"] | None:
    """The format of a table (N, A, 6): box, score and class, or box and the scores of two classes; None if neither.

    In RtDetr, boxes are cx cy w h from 0 to 1 and all have a size; YoloEndToEnd has rows of zeros without a box.
    """
    boxes = table[..., :_BOX]
    if has_classes(table):
        fractions = ((boxes >= 0) & (boxes <= 1)).all() and (boxes[..., 2:] > 0).all()
        return "RtDetr" if fractions else "YoloEndToEnd"
    return "RtDetr" if ((table >= 0) & (table <= 1)).all() else None


def has_classes(table: Table) -> bool:
    """Whether the last of six columns has numbers of classes: whole numbers, which scores are not."""
    return table.shape[-1] == _CLASS + 1 and np.array_equal(table[..., _CLASS], np.rint(table[..., _CLASS]))


def has_no_object_class(logits: Table) -> bool | None:
    """Whether the last class of logits (N, Q, classes) means "no object"; None if the values do not tell.

    DETR answers a blank image with "no object" for almost all queries.
    """
    if logits.ndim != _RANK or logits.shape[-1] <= 1 or np.ptp(logits) == 0:
        return None
    share = float(np.mean(logits.argmax(axis=-1) == logits.shape[-1] - 1))
    return True if share >= _MOSTLY else False if share == 0 else None
