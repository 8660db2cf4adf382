"""Detectors are recognised by the shapes and names of their outputs; metadata are used where shapes are ambiguous.

Shapes are those that the exporters write for the published models, such as (1, 84, 8400) for YOLOv8n at 640.
"""

import numpy as np
import pytest

from darkroom_vision.families import Family, detect
from darkroom_vision.model.metadata import metadata_of
from darkroom_vision.model.session import Port
from tests.support.models.ports import floats, images, integers, zeros

UNKNOWN = metadata_of({})


def ultralytics(task: str = "detect", classes: int = 80, **more: str) -> dict[str, str]:
    """The metadata that Ultralytics writes to its exports."""
    names = {i: f"class {i}" for i in range(classes)}
    return {"task": task, "stride": "32", "names": str(names), "imgsz": "[640, 640]", "batch": "1"} | more


def found(custom: dict[str, str], *outputs: Port, size: tuple[int | None, int | None] = (640, 640)) -> Family:
    return detect([images(*size)], outputs, metadata_of(custom))


@pytest.mark.parametrize(
    ("custom", "outputs", "kind", "form", "classes"),
    [
        (ultralytics(), [floats("output0", 1, 84, 8400)], "Detection", "YoloV8", 80),
        ({}, [floats("output0", 1, 84, 8400)], "Detection", "YoloV8", 80),
        (ultralytics("obb", 15), [floats("output0", 1, 20, 8400)], "OrientedDetection", "YoloV8", 15),
        (
            ultralytics("segment"),
            [floats("output0", 1, 116, 8400), floats("output1", 1, 32, 160, 160)],
            "InstanceSegmentation",
            "YoloV8",
            80,
        ),
        (ultralytics("pose", 1, kpt_shape="[17, 3]"), [floats("output0", 1, 56, 8400)], "Keypoints", "YoloV8", 1),
        (ultralytics("pose", 2, kpt_shape="[4, 2]"), [floats("output0", 1, 14, 8400)], "Keypoints", "YoloV8", 2),
        (ultralytics(), [floats("output0", 1, 25_200, 85)], "Detection", "YoloV5", 80),
        ({}, [floats("output0", 1, 25_200, 85)], "Detection", "YoloV5", 80),
        (
            {"stride": "32"},
            [floats("output0", 1, 25_200, 117), floats("output1", 1, 32, 160, 160)],
            "InstanceSegmentation",
            "YoloV5",
            80,
        ),
        ({}, [floats("output", 1, 8400, 85)], "Detection", "YoloX", 80),
        (ultralytics(), [floats("output0", 1, 300, 6)], "Detection", "YoloEndToEnd", None),
        ({}, [floats("output0", 1, 300, 6)], "Detection", "YoloEndToEnd", None),
        (ultralytics("obb", 15), [floats("output0", 1, 300, 7)], "OrientedDetection", "YoloEndToEnd", None),
        (
            ultralytics("segment"),
            [floats("output0", 1, 300, 38), floats("output1", 1, 32, 160, 160)],
            "InstanceSegmentation",
            "YoloEndToEnd",
            None,
        ),
        (
            ultralytics("pose", 1, kpt_shape="[17, 3]"),
            [floats("output0", 1, 300, 57)],
            "Keypoints",
            "YoloEndToEnd",
            None,
        ),
        (ultralytics(), [floats("output0", 1, 300, 84)], "Detection", "RtDetr", 80),
    ],
)
def test_one_tensor_of_predictions(
    custom: dict[str, str], outputs: list[Port], kind: str, form: str, classes: int | None
) -> None:
    family = found(custom, *outputs)
    assert (family.type, family.format, family.classes) == (kind, form, classes)
    assert family.preset == {"YoloX": "YoloX", "RtDetr": None}.get(form, "Yolo")
    assert family.reasons
    assert len(family.labels) == len(metadata_of(custom).names)


def test_a_file_with_open_sizes_is_recognised_by_its_trial_run() -> None:
    port = floats("output0", None, None, None)
    family = detect([images(None, None)], [port], UNKNOWN, [zeros(1, 22, 2100)])
    assert (family.format, family.classes) == ("YoloV8", 18)
    family = detect([images(None, None)], [port], metadata_of({"stride": "32"}), [zeros(1, 6300, 85)])
    assert (family.format, family.classes) == ("YoloV5", 80)


def test_a_file_with_open_sizes_is_recognised_by_its_metadata_without_a_trial_run() -> None:
    family = found(ultralytics(), floats("output0", None, 84, None), size=(None, None))
    assert (family.format, family.classes) == ("YoloV8", 80)


def test_the_raw_grid_of_yolox_at_416() -> None:
    family = found({}, floats("output", 1, 52 * 52 + 26 * 26 + 13 * 13, 85), size=(416, 416))
    assert (family.format, family.classes) == ("YoloX", 80)
    assert "52 x 52 + 26 x 26 + 13 x 13" in family.reasons[0]


def test_labels_that_do_not_fit_the_outputs_are_not_used() -> None:
    family = found(ultralytics(classes=3), floats("output0", 1, 84, 8400))
    assert (family.labels, family.classes) == ((), 80)
    assert any("names 3 classes (class 0, class 1, class 2, …), but its output has 80" in q for q in family.questions)


def test_a_task_that_contradicts_the_outputs_is_a_question() -> None:
    family = found(ultralytics("detect", 80), floats("output0", 1, 116, 8400), floats("output1", 1, 32, 160, 160))
    assert family.type == "InstanceSegmentation"
    assert any("task 'detect'" in question for question in family.questions)


def test_a_pose_model_without_metadata_is_a_question() -> None:
    family = found({}, floats("output0", 1, 56, 8400))
    assert family.type == "Detection"
    assert any("Keypoints" in question for question in family.questions)


def test_two_classes_and_boxes_in_pixels_are_an_end_to_end_export() -> None:
    boxes = np.full((1, 300, 6), 320, np.float32)
    metadata = metadata_of(ultralytics(classes=2))
    pixels = detect([images(640, 640)], [floats("output0", 1, 300, 6)], metadata, [boxes])
    ratios = detect([images(640, 640)], [floats("output0", 1, 300, 6)], metadata, [boxes / 640])
    assert (pixels.format, ratios.format) == ("YoloEndToEnd", "RtDetr")


@pytest.mark.parametrize(
    ("inputs", "outputs", "form", "classes"),
    [
        ([images(800, 800)], [floats("logits", 1, 100, 92), floats("pred_boxes", 1, 100, 4)], "Detr", 91),
        ([images(640, 640)], [floats("logits", 1, 300, 80), floats("pred_boxes", 1, 300, 4)], "RtDetr", 80),
        ([images(560, 560)], [floats("dets", 1, 300, 4), floats("labels", 1, 300, 91)], "RtDetr", 91),
        (
            [images(640, 640), integers("orig_target_sizes", 1, 2)],
            [integers("labels", 1, 300), floats("boxes", 1, 300, 4), floats("scores", 1, 300)],
            "RtDetr",
            None,
        ),
        (
            [floats("image", 3, None, None)],
            [floats("boxes", None, 4), integers("labels", None), floats("scores", None)],
            "Torchvision",
            None,
        ),
        (
            [Port("input_tensor", "tensor(uint8)", (1, None, None, 3))],
            [
                floats("detection_boxes", 1, 100, 4),
                floats("detection_classes", 1, 100),
                floats("detection_scores", 1, 100),
                floats("num_detections", 1),
            ],
            "TensorFlow",
            None,
        ),
        (
            [images(640, 640, "image"), floats("scale_factor", 1, 2)],
            [floats("multiclass_nms3_0.tmp_0", None, 6), Port("multiclass_nms3_0.tmp_2", "tensor(int32)", (None,))],
            "Paddle",
            None,
        ),
    ],
)
def test_boxes_classes_and_scores_as_separate_outputs(
    inputs: list[Port], outputs: list[Port], form: str, classes: int | None
) -> None:
    family = detect(inputs, outputs, UNKNOWN)
    assert (family.type, family.format, family.classes) == ("Detection", form, classes)
    assert family.reasons


def test_masks_and_keypoints_of_torchvision() -> None:
    boxes = [floats("boxes", None, 4), integers("labels", None), floats("scores", None)]
    masks = detect([images(None, None)], [*boxes, floats("masks", None, 1, None, None)], UNKNOWN)
    points = detect([images(None, None)], [*boxes, floats("keypoints", None, 17, 3)], UNKNOWN)
    assert (masks.type, masks.format) == ("InstanceSegmentation", "Torchvision")
    assert (points.type, points.format) == ("Keypoints", "Torchvision")
