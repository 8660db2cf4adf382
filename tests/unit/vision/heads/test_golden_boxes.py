"""Every format with boxes end to end. Values are computed by hand: see `tests.support.models.golden`.

The object is the box from (24, 28) to (40, 36) in the input.
"""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto

from darkroom_vision.model.input import ModelMismatch
from tests.support.models.coco_masks import decoded
from tests.support.models.golden import CELLS, CENTRES, CORNERS, LETTERBOXED, STRETCHED, Outputs, answer, logit, table

TWO = ["cat", "dog"]
# A second prediction overlaps the first with a lower score: it is dropped unless the model suppresses boxes itself.
V8 = table(CELLS, 6, r5=(*CENTRES, 0.125, 0.875), r6=(33, 32, 16, 8, 0.125, 0.5)).transpose(0, 2, 1)
V5 = table(3 * CELLS, 7, r5=(*CENTRES, 0.875, 0.125, 1), r6=(33, 32, 16, 8, 0.5, 0, 1))
DECODED_X = table(CELLS, 7, r5=(*CENTRES, 0.875, 0.125, 1))
CELL_CENTRES = [((i % n + 0.5) * s, (i // n + 0.5) * s) for s, n in ((8, 8), (16, 4), (32, 2)) for i in range(n * n)]
DECODED_X[0, :, :2] += np.array([c if i != 5 else (0, 0) for i, c in enumerate(CELL_CENTRES)], np.float32)
# Cell 28 of the first grid is (4, 3), of 8 pixels: centre (4 + 0) * 8, (3 + 1) * 8, size exp(ln 2) * 8, exp(0) * 8.
RAW_X = table(CELLS, 7, r28=(0, 1, math.log(2), 0, 0.875, 0.125, 1))
END_TO_END = table(300, 6, r0=(*CORNERS, 0.875, 1), r1=(30, 30, 30, 30, 0.125, 0))
QUERIES = table(300, 6, r7=(0.5, 0.5, 0.25, 0.125, 0.125, 0.875))
BOX_OF_QUERY = table(100, 4, r7=(0.5, 0.5, 0.25, 0.125))
SIGMOID_LOGITS = table(100, 2, r7=(logit(0.125), logit(0.875)))
SIGMOID_LOGITS[0, [i for i in range(100) if i != 7]] = -9
# Softmax of (ln 1, ln 14, ln 1) is (1, 14, 1) / 16.
SOFTMAX_LOGITS = table(100, 3, r7=(0, math.log(14), 0))
SOFTMAX_LOGITS[0, [i for i in range(100) if i != 7], 2] = 9

DETECTORS: dict[str, tuple[Outputs, dict[str, Any], dict[str, Any]]] = {
    "YoloV8": ({"output0": V8}, {}, LETTERBOXED),
    "YoloV8, a row for each prediction": ({"output0": V8.transpose(0, 2, 1)}, {"format": "YoloV8"}, LETTERBOXED),
    "YoloV5": ({"output0": V5}, {}, LETTERBOXED),
    "YoloX, decoded": ({"output": DECODED_X}, {}, LETTERBOXED),
    "YoloX, raw": ({"output": RAW_X}, {}, LETTERBOXED),
    "YoloEndToEnd": ({"output0": END_TO_END}, {}, LETTERBOXED),
    "RtDetr, one table": ({"output0": QUERIES}, {}, LETTERBOXED),
    "RtDetr, logits": ({"logits": SIGMOID_LOGITS, "pred_boxes": BOX_OF_QUERY}, {}, LETTERBOXED),
    "RF-DETR": ({"dets": BOX_OF_QUERY, "labels": SIGMOID_LOGITS}, {}, LETTERBOXED),
    "Detr": ({"logits": SOFTMAX_LOGITS, "pred_boxes": BOX_OF_QUERY}, {}, LETTERBOXED),
    "Torchvision": (
        {
            "boxes": np.array([CORNERS, CORNERS], np.float32),
            "labels": np.array([2, 0], np.int64),
            "scores": np.array([0.875, 0.75], np.float32),
        },
        {},
        LETTERBOXED,
    ),
    "TensorFlow": (
        {
            "detection_boxes": np.array([[[28 / 64, 24 / 64, 36 / 64, 40 / 64], [0, 0, 1, 1]]], np.float32),
            "detection_classes": np.array([[2, 1]], np.float32),
            "detection_scores": np.array([[0.875, 0.75]], np.float32),
            "num_detections": np.array([1], np.float32),
        },
        {},
        LETTERBOXED,
    ),
    "Paddle": (
        {
            "multiclass_nms3_0.tmp_0": np.array([[1, 0.875, *CORNERS], [-1, 0.9, 0, 0, 1, 1]], np.float32),
            "multiclass_nms3_0.tmp_2": np.array([1], np.int32),
        },
        {},
        LETTERBOXED,
    ),
}


@pytest.mark.parametrize("name", DETECTORS)
def test_a_detectors_boxes_are_in_pixels_of_the_image(name: str, tmp_path: Path) -> None:
    outputs, spec, box = DETECTORS[name]
    found = answer(tmp_path, outputs, {"type": "Detection", "labels": TWO, **spec}, resize="Letterbox")
    (prediction,) = found["predictions"]
    assert prediction == {
        "label": "dog",
        "index": 1,
        "score": pytest.approx(0.875, abs=1e-6),
        "box": pytest.approx(box, abs=0.01),
    }


@pytest.mark.parametrize("resize", ["Stretch", "Letterbox"])
def test_boxes_of_a_model_with_a_scale_factor_input_are_in_pixels_of_the_image(resize: str, tmp_path: Path) -> None:
    # PaddleDetection divides the box from (24, 28) to (40, 36) by the scale: 64 / 200, and 64 / 100 or the same.
    down = 0.64 if resize == "Stretch" else 0.32
    rows = np.array([[1, 0.875, 24 / 0.32, 28 / down, 40 / 0.32, 36 / down]], np.float32)
    found = answer(
        tmp_path,
        {"rows": rows, "count": np.array([1], np.int32)},
        {"type": "Detection", "labels": TWO},
        {"scale_factor": TensorProto.FLOAT},
        resize=resize,
        pad={"at": "TopLeft"},
    )
    (prediction,) = found["predictions"]
    at_the_top = {"x": 75, "y": 87.5, "width": 50, "height": 12.5}  # its lower half is below the image
    assert prediction["box"] == pytest.approx(STRETCHED if resize == "Stretch" else at_the_top, abs=0.01)


def test_boxes_of_a_model_with_an_image_size_input_are_in_pixels_of_the_image(tmp_path: Path) -> None:
    # RT-DETR's post-processor multiplies a box from 0 to 1 by 200 and 100.
    outputs: Outputs = {
        "labels": np.array([[1]], np.int64),
        "boxes": np.array([[[24 * 200 / 64, 28 * 100 / 64, 40 * 200 / 64, 36 * 100 / 64]]], np.float32),
        "scores": np.array([[0.875]], np.float32),
    }
    spec = {"type": "Detection", "labels": TWO}
    (prediction,) = answer(tmp_path, outputs, spec, {"orig_target_sizes": TensorProto.INT64})["predictions"]
    assert (prediction["label"], prediction["box"]) == ("dog", pytest.approx(STRETCHED, abs=0.01))


def test_a_stretched_image_has_a_scale_for_each_axis(tmp_path: Path) -> None:
    (prediction,) = answer(tmp_path, {"output0": V8}, {"type": "Detection"})["predictions"]
    assert prediction["box"] == STRETCHED
    assert prediction["label"] == "1"


def test_boxes_are_clipped_to_the_image_and_empty_ones_are_left_out(tmp_path: Path) -> None:
    # The first reaches into the border above the image and over its left edge; the second lies in the border.
    outputs = table(300, 6, r0=(-8, 8, 16, 24, 0.75, 0), r1=(10, 2, 30, 15, 0.875, 0))
    found = answer(tmp_path, {"output0": outputs}, {"type": "Detection"}, resize="Letterbox")
    assert [p["box"] for p in found["predictions"]] == [{"x": 0, "y": 0, "width": 50, "height": 25}]


def test_overlapping_boxes_of_different_classes_stay_unless_class_agnostic(tmp_path: Path) -> None:
    outputs = {
        "output0": table(CELLS, 6, r5=(*CENTRES, 0, 0.875), r6=(33, 32, 16, 8, 0.75, 0)).transpose(0, 2, 1),
    }
    spec = {"type": "Detection", "labels": TWO}
    both = answer(tmp_path, outputs, spec)["predictions"]
    assert [p["label"] for p in both] == ["dog", "cat"]
    assert len(answer(tmp_path, outputs, {**spec, "classAgnostic": True})["predictions"]) == 1
    # Their intersection is 15 x 8, their union 17 x 8: an IoU of 0.88.
    assert len(answer(tmp_path, outputs, {**spec, "classAgnostic": True, "iouThreshold": 0.89})["predictions"]) == 2
    assert len(answer(tmp_path, outputs, {**spec, "maxDetections": 1})["predictions"]) == 1
    assert len(answer(tmp_path, outputs, {**spec, "threshold": 0.8})["predictions"]) == 1


def test_oriented_boxes_have_an_angle_in_degrees(tmp_path: Path) -> None:
    outputs = table(CELLS, 6, r5=(*CENTRES, 0.875, math.pi / 6), r6=(*CENTRES, 0.5, math.pi / 6 + 0.01))
    spec = {"type": "OrientedDetection", "labels": ["ship"]}
    found = answer(tmp_path, {"output0": outputs.transpose(0, 2, 1)}, spec, resize="Letterbox")
    (prediction,) = found["predictions"]
    assert prediction["box"] == pytest.approx({**LETTERBOXED, "angle": 30}, abs=0.01)


def test_oriented_boxes_after_suppression_in_the_graph(tmp_path: Path) -> None:
    outputs = {"output0": table(300, 7, r5=(*CENTRES, 0.875, 0, math.pi * 7 / 6))}  # half a turn more is the same box
    spec = {"type": "OrientedDetection", "format": "YoloEndToEnd"}
    (prediction,) = answer(tmp_path, outputs, spec, resize="Letterbox")["predictions"]
    assert prediction["box"] == pytest.approx({**LETTERBOXED, "angle": 30}, abs=0.01)


def test_a_rotated_text_region_is_a_rotated_box(tmp_path: Path) -> None:
    y, x = np.mgrid[:64, :64]
    # A bar along the falling diagonal: 45 degrees clockwise.
    bar = (abs(y - x) <= 4) & (abs(x + y - 63) <= 30)
    outputs = {"sigmoid": np.where(bar, 0.875, 0).astype(np.float32)[None, None]}
    found = answer(tmp_path, outputs, {"type": "OrientedDetection", "format": "DbNet"}, resize="Letterbox")
    (prediction,) = found["predictions"]
    box = prediction["box"]
    long, short = sorted((box["width"], box["height"]), reverse=True)
    # 60 / sqrt 2 by 8 / sqrt 2 of the input, grown by 1.5 times area / perimeter at each side.
    grown = 2 * 1.5 * (60 * 8 / 2) / (2 * 68 / math.sqrt(2))
    assert long == pytest.approx((60 / math.sqrt(2) + grown) * 3.125, abs=2)
    assert short == pytest.approx((8 / math.sqrt(2) + grown) * 3.125, abs=2)
    turned = box["angle"] if box["width"] >= box["height"] else box["angle"] - 90
    assert turned == pytest.approx(45, abs=0.5)
    assert box["x"] + box["width"] / 2 == pytest.approx(100, abs=2)


def test_keypoints_are_in_pixels_of_the_image(tmp_path: Path) -> None:
    outputs = table(CELLS, 11, r5=(*CENTRES, 0.875, 24, 28, 0.5, -1, 36, 0.25)).transpose(0, 2, 1)
    spec = {"type": "Keypoints", "labels": ["person"], "keypointNames": ["nose", "ear"]}
    (prediction,) = answer(tmp_path, {"output0": outputs}, spec, resize="Letterbox")["predictions"]
    assert prediction["box"] == LETTERBOXED
    assert prediction["keypoints"] == [
        {"name": "nose", "x": 75, "y": 37.5, "score": 0.5},
        {"name": "ear", "x": 0, "y": 62.5, "score": 0.25},
    ]


# The pixels of the left half of the object's box: 75 to 100 by 37.5 to 62.5 of the image, by their centres.
LEFT_HALF = np.zeros((100, 200), bool)
LEFT_HALF[37:62, 75:100] = True
PROTOTYPES = np.full((1, 2, 16, 16), -1, np.float32)  # for 64 x 64 pixels; the second is positive in the left half
PROTOTYPES[0, 1, :, :8] = 1
PASTED = np.full((2, 1, 64, 64), 0.25, np.float32)
PASTED[0, 0, :, :32] = 0.75
TORCHVISION: Outputs = {
    "boxes": np.array([CORNERS, (0, 0, 9, 9)], np.float32),
    "labels": np.array([1, 1], np.int64),
    "scores": np.array([0.875, 0.125], np.float32),
}


@pytest.mark.parametrize(
    "outputs",
    [
        {"output0": table(CELLS, 7, r5=(*CENTRES, 0.875, 0, 3)).transpose(0, 2, 1), "output1": PROTOTYPES},
        {"output0": table(3 * CELLS, 8, r5=(*CENTRES, 0.875, 1, 0, 3)), "output1": PROTOTYPES},
        {"output0": table(300, 8, r5=(*CORNERS, 0.875, 0, 0, 3)), "output1": PROTOTYPES},
        {**TORCHVISION, "masks": PASTED},
    ],
    ids=["YoloV8", "YoloV5", "YoloEndToEnd", "Torchvision"],
)
def test_a_mask_follows_its_prototypes_within_the_box(outputs: Outputs, tmp_path: Path) -> None:
    found = answer(tmp_path, outputs, {"type": "InstanceSegmentation"}, resize="Letterbox")
    (prediction,) = found["predictions"]
    assert prediction["box"] == LETTERBOXED
    assert (decoded(prediction["mask"]) == LEFT_HALF).all()


def test_keypoint_scores_of_torchvision_are_a_separate_output(tmp_path: Path) -> None:
    outputs = {
        **TORCHVISION,
        "keypoints": np.array([[[24, 28, 1]], [[0, 0, 1]]], np.float32),
        "keypoints_scores": np.array([[7.5], [0]], np.float32),
    }
    (prediction,) = answer(tmp_path, outputs, {"type": "Keypoints"}, resize="Letterbox")["predictions"]
    assert prediction["keypoints"] == [{"x": 75, "y": 37.5, "score": 7.5}]


def test_text_regions_become_boxes(tmp_path: Path) -> None:
    # A region of 21 x 6 pixels: through the centres of its pixels 20 x 5, which grow by 2 * 100 * 1.5 / 50 = 6.
    probabilities = np.zeros((1, 1, 64, 64), np.float32)
    probabilities[0, 0, 30:36, 20:41] = 0.875
    found = answer(tmp_path, {"sigmoid_0.tmp_0": probabilities}, {"type": "Detection", "format": "DbNet"})
    (prediction,) = found["predictions"]
    assert prediction["label"] == "text"
    assert prediction["score"] == pytest.approx(0.875)
    # From (20.5 - 3, 30.5 - 3) to (40.5 + 3, 35.5 + 3) of the input.
    expected = {"x": 17.5 * 3.125, "y": 27.5 * 1.5625, "width": 26 * 3.125, "height": 11 * 1.5625}
    assert prediction["box"] == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize(
    ("outputs", "spec", "words"),
    [
        (
            {"logits": SIGMOID_LOGITS, "pred_boxes": BOX_OF_QUERY},
            {"type": "Detection"},
            "set output.format to Detr .* or RtDetr",
        ),
        ({"x": np.zeros((1, 10), np.float32)}, {"type": "Detection"}, "not recognised as Detection: set output.format"),
        ({"output0": V8 * 4}, {"type": "Detection"}, "scores are not between 0 and 1"),
        ({"output0": V8}, {"type": "Detection", "labels": ["a"]}, "has 2 classes, output.labels names 1"),
        ({"output0": V8}, {"type": "InstanceSegmentation"}, "there are no masks"),
        ({"softmax": np.zeros((1, 7, 9), np.float32)}, {"type": "Text"}, "it has 9 characters .* 0 are named"),
        (
            {"output0": QUERIES * 0.9},
            {"type": "Detection", "format": "Torchvision"},
            r"needs boxes \(n, 4\), labels \(n\) and scores",
        ),
    ],
)
def test_ambiguous_and_unknown_outputs_are_refused(
    outputs: Outputs, spec: dict[str, Any], words: str, tmp_path: Path
) -> None:
    with pytest.raises(ModelMismatch, match=words):
        answer(tmp_path, outputs, spec)
