"""ONNX files with the outputs of vision models: constants, or the box of what is bright in the image."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import TensorProto, helper

from tests.support.models.onnx_files import onnx_file

_TYPES = {
    "float32": TensorProto.FLOAT,
    "int64": TensorProto.INT64,
    "int32": TensorProto.INT32,
    "bool": TensorProto.BOOL,
}


def constant_file(
    path: Path, size: tuple[int, int], outputs: Mapping[str, npt.NDArray[Any]], pairs: Mapping[str, int] | None = None
) -> Path:
    """A model with an input `images` of `size` (width, height) that gives the same outputs for every image.

    `pairs`: extra inputs of shape (1, 2) and their element types.
    """
    width, height = size
    return onnx_file(
        path,
        [helper.make_node("Identity", [f"{name}_value"], [name]) for name in outputs],
        {
            "images": (TensorProto.FLOAT, (1, 3, height, width)),
            **{name: (kind, (1, 2)) for name, kind in (pairs or {}).items()},
        },
        {name: (_TYPES[value.dtype.name], value.shape) for name, value in outputs.items()},
        {f"{name}_value": value for name, value in outputs.items()},
    )


def bright_box_file(path: Path, size: tuple[int, int]) -> Path:
    """A detector in the layout of YOLOv8, (1, 5, A): one candidate, the box around all pixels brighter than half.

    Each border comes from the first and last row and column that have such a pixel.
    """
    width, height = size
    cells = sum((width // s) * (height // s) for s in (8, 16, 32))
    rest = np.zeros((1, 5, cells - 1), np.float32)
    constants: dict[str, npt.NDArray[Any]] = {
        "half": np.array(0.5, np.float32),
        "two": np.array(2, np.float32),
        "one": np.ones((1, 1), np.float32),
        "score": np.full((1, 1), 0.75, np.float32),
        "rest": rest,
        "columns": np.arange(width, dtype=np.float32)[None],
        "rows": np.arange(height, dtype=np.float32)[None],
        "far": np.array(1e6, np.float32),
        "last": np.array([2], np.int64),
    }
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["grey"], axes=[1], keepdims=0),
        helper.make_node("Greater", ["grey", "half"], ["bright_bool"]),
        helper.make_node("Cast", ["bright_bool"], ["bright"], to=TensorProto.FLOAT),
    ]
    for axis, name, coordinates in ((1, "x", "columns"), (2, "y", "rows")):
        nodes += [
            helper.make_node("ReduceMax", ["bright"], [f"{name}_any"], axes=[axis], keepdims=0),
            helper.make_node("Mul", [f"{name}_any", coordinates], [f"{name}_at"]),
            helper.make_node("ReduceMax", [f"{name}_at"], [f"{name}_end0"], axes=[1], keepdims=1),
            helper.make_node("Add", [f"{name}_end0", "one"], [f"{name}_end"]),
            helper.make_node("Sub", ["one", f"{name}_any"], [f"{name}_dark"]),
            helper.make_node("Mul", [f"{name}_dark", "far"], [f"{name}_away"]),
            helper.make_node("Add", [f"{name}_at", f"{name}_away"], [f"{name}_near"]),
            helper.make_node("ReduceMin", [f"{name}_near"], [f"{name}_start"], axes=[1], keepdims=1),
            helper.make_node("Sub", [f"{name}_end", f"{name}_start"], [f"{name}_size"]),
            helper.make_node("Add", [f"{name}_end", f"{name}_start"], [f"{name}_sum"]),
            helper.make_node("Div", [f"{name}_sum", "two"], [f"{name}_centre"]),
        ]
    nodes += [
        helper.make_node("Concat", ["x_centre", "y_centre", "x_size", "y_size", "score"], ["flat"], axis=1),
        helper.make_node("Unsqueeze", ["flat", "last"], ["column"]),
        helper.make_node("Concat", ["column", "rest"], ["output0"], axis=2),
    ]
    return onnx_file(
        path,
        nodes,
        {"images": (TensorProto.FLOAT, (1, 3, height, width))},
        {"output0": (TensorProto.FLOAT, (1, 5, cells))},
        constants,
    )
