"""Suppression compared with ONNX Runtime's operator NonMaxSuppression, an independent implementation."""

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from darkroom_vision.heads.boxes.candidates import Candidates, from_centres
from darkroom_vision.heads.boxes.suppression import Suppression
from darkroom_vision.model.onnx_runtime import onnxruntime
from tests.support.models.onnx_files import onnx_file

IOU = 0.5


def candidates(boxes: Any, scores: Any, classes: Any, angles: Any = None) -> Candidates:
    rows = np.arange(len(boxes))
    extra = None if angles is None else np.array(angles)[:, None]
    return Candidates.of("output", np.array(boxes), np.array(scores), np.array(classes), rows, extra)


def random_candidates(seed: int) -> Candidates:
    random = np.random.default_rng(seed)
    corners = random.uniform(0, 60, (80, 2))
    boxes = np.concatenate([corners, corners + random.uniform(5, 40, (80, 2))], axis=1).astype(np.float32)
    return candidates(boxes, random.permutation(80) / 80, random.integers(0, 4, 80))


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> onnxruntime.InferenceSession:
    path = onnx_file(
        tmp_path_factory.mktemp("nms") / "nms.onnx",
        [helper.make_node("NonMaxSuppression", ["boxes", "scores", "most", "iou"], ["kept"])],
        {"boxes": (TensorProto.FLOAT, (1, "n", 4)), "scores": (TensorProto.FLOAT, (1, "c", "n"))},
        {"kept": (TensorProto.INT64, ("k", 3))},
        {"most": np.array([1000], np.int64), "iou": np.array([IOU], np.float32)},
    )
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("class_agnostic", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_the_same_boxes_are_kept_as_by_onnx_runtime(
    seed: int, class_agnostic: bool, runtime: onnxruntime.InferenceSession
) -> None:
    given = random_candidates(seed)
    kept = Suppression(IOU, class_agnostic, 1000).kept(given)
    groups = np.zeros_like(given.classes) if class_agnostic else given.classes
    expected: list[int] = []
    for group in np.unique(groups):  # the operator keeps boxes with a score of 0, so each class is passed separately
        own = np.flatnonzero(groups == group)
        (found,) = runtime.run(None, {"boxes": given.boxes[own][None], "scores": given.scores[own][None, None]})
        expected += own[np.asarray(found)[:, 2]].tolist()
    assert kept.rows.tolist() == sorted(expected, key=lambda i: -given.scores[i])


def test_the_best_come_first_up_to_the_maximum() -> None:
    given = candidates([[0, 0, 1, 1], [5, 5, 6, 6], [9, 9, 10, 10]], [0.1, 0.9, 0.5], [0, 0, 0])
    for iou in (None, IOU):
        assert Suppression(iou, class_agnostic=False, most=2).kept(given).rows.tolist() == [1, 2]
    nothing = candidates(np.empty((0, 4)), [], [])
    assert len(Suppression(IOU, class_agnostic=False, most=2).kept(nothing)) == 0


def test_oriented_boxes_are_compared_with_their_rotation() -> None:
    # Crossed bars of 20 x 2 have an IoU of 4 / 76; rotated by 1 degree, nearly 1. The last has another class.
    bars = from_centres(np.array([[50, 50, 20, 2]] * 4, np.float32))
    given = candidates(bars, [0.9, 0.8, 0.7, 0.6], [0, 0, 0, 1], [0, 90, 1, 0])
    assert Suppression(IOU, class_agnostic=False, most=9).kept_oriented(given).rows.tolist() == [0, 1, 3]
    assert Suppression(IOU, class_agnostic=True, most=9).kept_oriented(given).rows.tolist() == [0, 1]
