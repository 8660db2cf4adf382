"""Small ONNX files of PyTorch modules: weights are stored with 8 bits, computation is in float32."""

import io
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import Tensor, nn

from darkroom_vision.model.onnx_runtime import onnxruntime

_OPSET = 17
_FEWEST_WEIGHTS = 256
"""Smaller tensors stay as they are."""


def write_model(
    module: nn.Module,
    example: Tensor,
    names: tuple[str, str],
    open_axes: Mapping[int, str],
    metadata: Mapping[str, str],
    file: Path,
) -> None:
    """Export `module` with one input and one output of the given names; `open_axes` of the input have any size."""
    data = io.BytesIO()
    with torch.no_grad():
        torch.onnx.export(
            module,
            (example,),
            data,
            input_names=[names[0]],
            output_names=[names[1]],
            dynamic_axes={names[0]: dict(open_axes)},
            opset_version=_OPSET,
            dynamo=False,
        )
    model = _simplified(data.getvalue())
    _store_in_bytes(model.graph)
    model.producer_name, model.producer_version = "darkroom-samples", ""
    helper.set_model_props(model, dict(metadata))
    onnx.checker.check_model(model, full_check=True)
    file.write_bytes(model.SerializeToString(deterministic=True))


def _simplified(model: bytes) -> onnx.ModelProto:
    """The model after ONNX Runtime's basic optimisations, with constants computed and short names."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.onnx"
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(file)
        onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        simple = onnx.load(file)
    kept = {port.name for port in (*simple.graph.input, *simple.graph.output)}
    short: dict[str, str] = {"": ""} | {name: name for name in kept}
    for node in simple.graph.node:
        node.name = ""
        for names in (node.input, node.output):
            names[:] = [short.setdefault(name, f"t{len(short)}") for name in names]
    for weight in simple.graph.initializer:
        weight.name = short[weight.name]
    del simple.graph.value_info[:], simple.opset_import[:]
    simple.opset_import.append(helper.make_opsetid("", _OPSET))
    return simple


def _store_in_bytes(graph: onnx.GraphProto) -> None:
    """Replace large float weights by int8 ones times a scale for each output channel.

    ONNX Runtime computes the float weights once, when it loads the file.
    """
    nodes, kept = [], []
    for weight in graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < _FEWEST_WEIGHTS:
            kept.append(weight)
            continue
        axes = tuple(range(1, values.ndim))
        scale = np.maximum(np.abs(values).max(axis=axes, keepdims=True), 1e-8) / 127
        small = np.rint(values / scale).astype(np.int8)
        kept += [
            numpy_helper.from_array(small, f"{weight.name}.int8"),
            numpy_helper.from_array(scale.astype(np.float32), f"{weight.name}.scale"),
        ]
        nodes += [
            helper.make_node("Cast", [f"{weight.name}.int8"], [f"{weight.name}.float"], to=onnx.TensorProto.FLOAT),
            helper.make_node("Mul", [f"{weight.name}.float", f"{weight.name}.scale"], [weight.name]),
        ]
    nodes += graph.node
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend(kept)
