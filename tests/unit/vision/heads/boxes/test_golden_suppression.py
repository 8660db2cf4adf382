"""Suppression compared with the expected outputs of ONNX's test cases for the operator NonMaxSuppression.

There is no counterpart of RoiAlign, whose cases are left out: models that need it have it in their graph.
"""

import numpy as np
import numpy.typing as npt
import pytest

from darkroom_vision.heads.boxes.candidates import Candidates, from_centres
from darkroom_vision.heads.boxes.suppression import Suppression
from tests.support.models.onnx_cases import OnnxCase, onnx_cases

CASES = onnx_cases("nonmaxsuppression", "NonMaxSuppression")


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_boxes_that_onnx_expects_are_kept(case: OnnxCase) -> None:
    boxes, scores = case.inputs["boxes"], case.inputs["scores"]
    (most,), (iou,), (threshold,) = (
        case.inputs[name] for name in ("max_output_boxes_per_class", "iou_threshold", "score_threshold")
    )
    found = [
        (image, int(index), int(row))
        for image in range(len(scores))
        for index in range(scores.shape[1])
        for row in kept(corners(case, boxes[image]), scores[image, index], index, int(most), float(iou), threshold)
    ]
    assert found == [tuple(row) for row in case.output.tolist()]


def kept(
    boxes: npt.NDArray[np.float32],
    scores: npt.NDArray[np.float32],
    index: int,
    most: int,
    iou: float,
    threshold: float,
) -> list[int]:
    """The rows that are kept of one class, best first. Decoders drop scores below the threshold before suppression."""
    rows = np.flatnonzero(scores > threshold)
    given = Candidates.of("boxes", boxes[rows], scores[rows], np.full(len(rows), index), rows)
    return Suppression(iou, class_agnostic=False, most=most).kept(given).rows.tolist()


def corners(case: OnnxCase, boxes: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """(n, 4): x1 y1 x2 y2. ONNX's boxes are two opposite corners, y first, or centre and size."""
    if case.attributes.get("center_point_box"):
        return from_centres(boxes)
    points = boxes[:, [1, 0, 3, 2]].reshape(-1, 2, 2)
    return np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1)
