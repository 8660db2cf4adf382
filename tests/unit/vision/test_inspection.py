"""Model files are inspected, even if ONNX Runtime cannot load them."""

from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from darkroom_vision.inspection import inspect_model
from darkroom_vision.model.session import ModelNotFound
from tests.support.models.made_families import MADE, constant_file, v8
from tests.support.models.onnx_files import fails_on_bright_file, identity_file

EXPECTED = {
    "classifier": ("Classification", None),
    "detector": ("Detection", "YoloV8"),
    "oriented": ("OrientedDetection", "YoloV8"),
    "masks": ("InstanceSegmentation", "YoloV8"),
    "pose": ("Keypoints", "YoloV8"),
    "end-to-end": ("Detection", "YoloEndToEnd"),
    "yolov5": ("Detection", "YoloV5"),
    "torchvision": ("Detection", "Torchvision"),
    "segmentation": ("Segmentation", "Logits"),
    "embedding": ("Embedding", None),
    "text": ("Text", "Ctc"),
    "anomaly": ("Anomaly", "Anomalib"),
}


@pytest.mark.parametrize("name", MADE)
def test_every_generated_model_is_recognised(tmp_path: Path, name: str) -> None:
    found = inspect_model(MADE[name](tmp_path / "m.onnx"))
    assert (found.problem, found.missing) == (None, ())
    assert found.family is not None
    assert (found.family.type, found.family.format) == EXPECTED[name]


def test_open_sides_are_tried_with_the_size_in_the_metadata(tmp_path: Path) -> None:
    image = ("batch", 3, "height", "width")
    path = constant_file(tmp_path / "m.onnx", {"output0": v8()}, {"imgsz": "[64, 96]"}, image=image)
    assert inspect_model(path).blank == {"images": (1, 3, 64, 96)}


def test_extra_inputs_are_fed(tmp_path: Path) -> None:
    extra = {"orig_target_sizes": (TensorProto.INT64, [1, 2])}
    found = inspect_model(constant_file(tmp_path / "m.onnx", {"output0": v8()}, extra_inputs=extra))
    assert found.blank == {"images": (1, 3, 64, 64), "orig_target_sizes": (1, 2)}


def test_an_unknown_operator_is_named(tmp_path: Path) -> None:
    model = onnx.load(identity_file(tmp_path / "m.onnx", [1, 3, 4, 4]))
    model.graph.node.append(helper.make_node("Levitate", ["seen"], ["other"], domain="org.example"))
    model.opset_import.append(helper.make_opsetid("org.example", 1))
    onnx.save(model, tmp_path / "m.onnx")
    found = inspect_model(tmp_path / "m.onnx")
    assert (found.model, found.family) == (None, None)
    assert [str(operator) for operator in found.missing] == ["org.example.Levitate"]
    assert found.metadata.opset == 17
    assert "cannot load it" in str(found.problem)


def test_bytes_that_are_not_a_model_are_a_problem(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(b"<html>404</html>")
    found = inspect_model(tmp_path / "m.onnx")
    assert (found.model, found.contents, found.size) == (None, None, 16)
    assert "cannot load it" in str(found.problem)


def test_a_model_that_fails_on_a_blank_image_keeps_its_family(tmp_path: Path) -> None:
    model = onnx.load(fails_on_bright_file(tmp_path / "m.onnx"))
    model.graph.initializer[0].dims[0] = 0
    model.graph.initializer[0].raw_data = b""
    onnx.save(model, tmp_path / "m.onnx")
    found = inspect_model(tmp_path / "m.onnx")
    assert "it fails on" in str(found.problem)
    assert found.family is not None


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound):
        inspect_model(tmp_path / "none.onnx")
