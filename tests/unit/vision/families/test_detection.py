"""Detectors are recognised by the shapes and names of their outputs; metadata are used where shapes are ambiguous.

Shapes are those that the exporters write for the published models, such as (1, 84, 8400) for YOLOv8n at 640.
"""

import numpy as np
import numpy.typing as npt
import pytest

from darkroom_vision.families import Family, detect
from darkroom_vision.families.pyramid import grid
from darkroom_vision.families.questions import IS_YOLOX, NO_OBJECT, TRANSPOSED_V8
from darkroom_vision.model.metadata import metadata_of
from darkroom_vision.model.session import Port
from tests.support.models.ports import floats, images, integers, zeros

UNKNOWN = metadata_of({})
Values = npt.NDArray[np.float32]


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
    assert family.preset == ("YoloX" if form == "YoloX" else "Yolo")
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


CELLS = 80 * 80 + 40 * 40 + 20 * 20
RANDOM = np.random.default_rng(0)


def columns(scores: int, *more: tuple[float, float]) -> Values:
    """(1, 4 + scores + more, cells): boxes in pixels, scores, and numbers in the given ranges."""
    ranges = [(0, 640)] * 4 + [(0, 1)] * scores + list(more)
    return np.stack([RANDOM.uniform(low, high, CELLS) for low, high in ranges])[None].astype(np.float32)


COORDINATE, ANGLE, VISIBLE = (0, 640), (-0.7, 2.3), (0, 1)


@pytest.mark.parametrize(
    ("value", "kind", "classes"),
    [
        (columns(52), "Detection", 52),
        (columns(1, *[COORDINATE, COORDINATE, VISIBLE] * 17), "Keypoints", 1),
        (columns(3, *[COORDINATE, COORDINATE, VISIBLE] * 5), "Keypoints", 3),
        (columns(2, *[COORDINATE, COORDINATE] * 4), "Keypoints", 2),
        (columns(15, ANGLE), "OrientedDetection", 15),
    ],
)
def test_values_tell_what_columns_are_if_the_metadata_do_not(value: Values, kind: str, classes: int) -> None:
    for table, port in ((value, floats("output0", *value.shape)), (value, floats("output0", None, None, None))):
        family = detect([images(640, 640)], [port], UNKNOWN, [table])
        assert (family.type, family.format, family.classes, family.questions) == (kind, "YoloV8", classes, ())


def test_a_row_per_prediction_is_yolox_or_a_transposed_v8() -> None:
    port, raw = floats("output", 1, CELLS, 85), RANDOM.uniform(0, 1, (1, CELLS, 85)).astype(np.float32)
    on_grid = detect([images(640, 640)], [port], UNKNOWN, [raw])
    decoded = raw.copy()
    cells, strides = grid((640, 640), CELLS) or pytest.fail("no grid")
    decoded[0, :, :2] = (cells + 0.5) * strides
    unclear = detect([images(640, 640)], [port], UNKNOWN, [decoded])
    named = detect([images(640, 640)], [port], metadata_of({"names": str([*map(str, range(80))])}), [decoded])
    v8 = detect([images(640, 640)], [port], metadata_of(ultralytics(classes=81)), [decoded])
    assert [f.format for f in (on_grid, unclear, named, v8)] == ["YoloX", "YoloX", "YoloX", "YoloV8"]
    assert [TRANSPOSED_V8 in f.questions for f in (on_grid, unclear, named, v8)] == [False, True, False, False]
    assert v8.classes == 81


def test_the_size_of_the_trial_run_tells_yolox_from_v5() -> None:
    port, value = floats("output", None, None, None), zeros(1, 3 * 2100, 85)
    assert IS_YOLOX in detect([images(None, None)], [port], UNKNOWN, [value]).questions
    tried = detect([images(None, None)], [port], UNKNOWN, [value], {"images": (1, 3, 320, 320)})
    assert (tried.format, tried.questions) == ("YoloV5", ())


def test_six_columns_are_a_class_number_or_two_scores() -> None:
    port = floats("output0", 1, 300, 6)
    numbers = np.concatenate([RANDOM.uniform(0, 640, (1, 300, 5)), RANDOM.integers(0, 80, (1, 300, 1))], axis=2)
    classes = detect([images(640, 640)], [port], UNKNOWN, [numbers.astype(np.float32)])
    scores = detect([images(640, 640)], [port], UNKNOWN, [RANDOM.uniform(0, 1, (1, 300, 6)).astype(np.float32)])
    assert (classes.format, classes.questions, scores.format, scores.questions) == ("YoloEndToEnd", (), "RtDetr", ())


def test_a_score_and_a_class_after_a_box_of_fractions_are_those_of_rt_detr() -> None:
    port = floats("output0", 1, 300, 6)
    rows = np.tile(np.array([0.5, 0.5, 0.25, 0.125, 0.75, 3], np.float32), (1, 300, 1))
    assert detect([images(640, 640)], [port], UNKNOWN, [rows]).format == "RtDetr"
    rows[0, 200:] = 0  # a box of RT-DETR has a size
    assert detect([images(640, 640)], [port], UNKNOWN, [rows]).format == "YoloEndToEnd"


def test_few_rows_of_an_end_to_end_model_are_no_cells_of_a_grid() -> None:
    output = floats("output0", 1, 84, 6)  # 8 * 8 + 4 * 4 + 2 * 2 cells, fewer than the usual 300 rows
    assert found(ultralytics(classes=3) | {"end2end": "True"}, output, size=(64, 64)).format == "YoloEndToEnd"


@pytest.mark.parametrize(
    ("queries", "last", "names", "form", "asks"),
    [
        (100, 9, 0, "Detr", False),
        (300, -9, 0, "RtDetr", False),
        (300, 9, 0, "Detr", False),  # a DETR with other than 100 queries
        (100, -9, 0, "Detr", True),  # contradicts the usual number of queries
        (100, -9, 92, "RtDetr", False),
        (300, -9, 91, "Detr", False),
    ],
)
def test_the_last_class_is_no_object_if_a_blank_image_has_nothing_else(
    queries: int, last: float, names: int, form: str, asks: bool
) -> None:
    logits = RANDOM.normal(size=(1, queries, 92)).astype(np.float32)
    logits[..., -1] = last
    outputs = [floats("logits", *logits.shape), floats("pred_boxes", 1, queries, 4)]
    metadata = metadata_of({"names": str([*map(str, range(names))])} if names else {})
    family = detect([images(640, 640)], outputs, metadata, [logits, zeros(1, queries, 4)])
    assert (family.format, NO_OBJECT in family.questions) == (form, asks)


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
