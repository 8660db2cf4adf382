"""Small ONNX files whose right answers are known by hand."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

Shape = Sequence[int | str | None]


def onnx_file(
    path: Path,
    nodes: Sequence[onnx.NodeProto],
    inputs: dict[str, tuple[int, Shape]],
    outputs: dict[str, tuple[int, Shape | None]],
    constants: dict[str, npt.NDArray[Any]] | None = None,
) -> Path:
    """Write a model of `nodes`; inputs and outputs are name -> (element type, shape)."""
    graph = helper.make_graph(
        list(nodes),
        "test",
        [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in inputs.items()],
        [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in outputs.items()],
        [numpy_helper.from_array(values, name) for name, values in (constants or {}).items()],
    )
    model = helper.make_model(graph, ir_version=9, opset_imports=[helper.make_opsetid("", 17)])
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString())
    return path


def identity_file(path: Path, shape: Shape, kind: int = TensorProto.FLOAT) -> Path:
    """A model that answers with its input `image`, as output `seen`."""
    return onnx_file(
        path, [helper.make_node("Identity", ["image"], ["seen"])], {"image": (kind, shape)}, {"seen": (kind, shape)}
    )


def mean_colours_file(path: Path) -> Path:
    """(N, 3, 4, 4) -> `scores` (N, 3): the mean of each channel."""
    nodes = [helper.make_node("ReduceMean", ["image"], ["scores"], axes=[2, 3], keepdims=0)]
    return onnx_file(
        path, nodes, {"image": (TensorProto.FLOAT, ["N", 3, 4, 4])}, {"scores": (TensorProto.FLOAT, ["N", 3])}
    )


def zip_map_file(path: Path, classes: Sequence[str]) -> Path:
    """(N, 3) -> `label` and `probabilities`, a list of maps, as scikit-learn's converter makes them."""
    graph = helper.make_graph(
        [
            helper.make_node("ArgMax", ["numbers"], ["label"], axis=1, keepdims=0),
            helper.make_node(
                "ZipMap", ["numbers"], ["probabilities"], domain="ai.onnx.ml", classlabels_strings=list(classes)
            ),
        ],
        "test",
        [helper.make_tensor_value_info("numbers", TensorProto.FLOAT, ["N", 3])],
        [
            helper.make_tensor_value_info("label", TensorProto.INT64, ["N"]),
            helper.make_value_info(
                "probabilities",
                helper.make_sequence_type_proto(
                    helper.make_map_type_proto(TensorProto.STRING, helper.make_tensor_type_proto(TensorProto.FLOAT, []))
                ),
            ),
        ],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    path.write_bytes(helper.make_model(graph, ir_version=9, opset_imports=opsets).SerializeToString())
    return path


def fails_on_bright_file(path: Path) -> Path:
    """(N, 1, 2, 2) -> `scores` (N, 1): fails at run time for a batch that holds a pixel value of 1 or more."""
    nodes = [
        helper.make_node("ReduceMax", ["image"], ["brightest"], keepdims=0),
        helper.make_node("Cast", ["brightest"], ["index"], to=TensorProto.INT64),
        helper.make_node("Gather", ["one_element", "index"], ["zero"]),
        helper.make_node("ReduceMean", ["image"], ["mean"], axes=[2, 3], keepdims=0),
        helper.make_node("Add", ["mean", "zero"], ["scores"]),
    ]
    return onnx_file(
        path,
        nodes,
        {"image": (TensorProto.FLOAT, ["N", 1, 2, 2])},
        {"scores": (TensorProto.FLOAT, ["N", 1])},
        {"one_element": np.zeros(1, np.float32)},
    )
