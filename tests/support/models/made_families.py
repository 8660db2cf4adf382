"""A tiny ONNX file for each family of models: right names, shapes and metadata, and outputs that never change."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

Outputs = Mapping[str, npt.NDArray[Any]]

_TYPES = {
    np.dtype(np.float32): TensorProto.FLOAT,
    np.dtype(np.int64): TensorProto.INT64,
    np.dtype(np.int32): TensorProto.INT32,
}
ULTRALYTICS = {"stride": "32", "names": "{0: 'cat', 1: 'dog', 2: 'fox'}", "imgsz": "[64, 64]", "batch": "1"}
CELLS = 8 * 8 + 4 * 4 + 2 * 2
"""Of strides 8, 16 and 32 at 64 x 64."""


def constant_file(
    path: Path,
    outputs: Outputs,
    metadata: Mapping[str, str] | None = None,
    *,
    image: tuple[int | str, ...] = (1, 3, 64, 64),
    name: str = "images",
    kind: int = TensorProto.FLOAT,
    extra_inputs: Mapping[str, tuple[int, list[int]]] | None = None,
) -> Path:
    """Write a model that answers every image with `outputs`."""
    extra = extra_inputs or {}
    graph = helper.make_graph(
        [helper.make_node("Identity", [f"{output}_value"], [output]) for output in outputs],
        "constant",
        [
            helper.make_tensor_value_info(name, kind, image),
            *(helper.make_tensor_value_info(key, *value) for key, value in extra.items()),
        ],
        [helper.make_tensor_value_info(output, _TYPES[value.dtype], value.shape) for output, value in outputs.items()],
        [numpy_helper.from_array(value, f"{output}_value") for output, value in outputs.items()],
    )
    model = helper.make_model(graph, ir_version=9, opset_imports=[helper.make_opsetid("", 17)])
    helper.set_model_props(model, dict(metadata or {}))
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    return path


def v8(task: str = "detect", extra: int = 0) -> npt.NDArray[np.float32]:
    """(1, 4 + 3 + extra, 84): one dog, centred at (32, 32), 20 x 10 pixels of the input."""
    found = np.zeros((1, 7 + extra, CELLS), np.float32)
    found[0, :4, 0] = 32, 32, 20, 10
    found[0, 5, 0] = 0.75
    return found


def _classifier(path: Path) -> Path:
    scores = np.array([[0.125, 0.75, 0.125]], np.float32)
    return constant_file(path, {"output0": scores}, ULTRALYTICS | {"task": "classify"})


def _detector(path: Path) -> Path:
    return constant_file(path, {"output0": v8()}, ULTRALYTICS | {"task": "detect"})


def _oriented(path: Path) -> Path:
    return constant_file(path, {"output0": v8("obb", 1)}, ULTRALYTICS | {"task": "obb"})


def _masks(path: Path) -> Path:
    outputs = {"output0": v8("segment", 32), "output1": np.ones((1, 32, 16, 16), np.float32)}
    outputs["output0"][0, 7:, 0] = 1
    return constant_file(path, outputs, ULTRALYTICS | {"task": "segment"})


def _pose(path: Path) -> Path:
    found = v8("pose", 6)
    found[0, 7:, 0] = 30, 30, 0.9, 34, 34, 0.8
    return constant_file(path, {"output0": found}, ULTRALYTICS | {"task": "pose", "kpt_shape": "[2, 3]"})


def _end_to_end(path: Path) -> Path:
    found = np.zeros((1, 300, 6), np.float32)
    found[0, 0] = 22, 27, 42, 37, 0.75, 1
    return constant_file(path, {"output0": found}, ULTRALYTICS | {"task": "detect"})


def _yolov5(path: Path) -> Path:
    found = np.zeros((1, 3 * CELLS, 8), np.float32)
    found[0, 0] = 32, 32, 20, 10, 1, 0, 0.75, 0
    return constant_file(path, {"output0": found}, {"stride": "32", "names": "['cat', 'dog', 'fox']"})


def _torchvision(path: Path) -> Path:
    outputs = {
        "boxes": np.array([[22, 27, 42, 37]], np.float32),
        "labels": np.array([2], np.int64),
        "scores": np.array([0.75], np.float32),
    }
    return constant_file(path, outputs)


def _segmentation(path: Path) -> Path:
    logits = np.zeros((1, 3, 64, 64), np.float32)
    logits[0, 1] = 5
    return constant_file(path, {"logits": logits}, {"names": "['road', 'car', 'sky']"})


def _embedding(path: Path) -> Path:
    return constant_file(path, {"embedding": np.ones((1, 128), np.float32)})


def _text(path: Path) -> Path:
    steps = np.zeros((1, 6, 5), np.float32)
    steps[0, range(6), [0, 1, 1, 0, 2, 2]] = 1
    return constant_file(path, {"fetch_name_0": steps}, {"character": "a\nb\nc"}, image=(1, 3, 48, 320))


def _anomaly(path: Path) -> Path:
    outputs = {"pred_score": np.array([0.75], np.float32), "anomaly_map": np.zeros((1, 1, 64, 64), np.float32)}
    return constant_file(path, outputs)


MADE: Mapping[str, Callable[[Path], Path]] = {
    "classifier": _classifier,
    "detector": _detector,
    "oriented": _oriented,
    "masks": _masks,
    "pose": _pose,
    "end-to-end": _end_to_end,
    "yolov5": _yolov5,
    "torchvision": _torchvision,
    "segmentation": _segmentation,
    "embedding": _embedding,
    "text": _text,
    "anomaly": _anomaly,
}
"""By name: writes the model to a file."""
