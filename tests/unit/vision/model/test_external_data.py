"""Finding the external data of a model."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from onnx.external_data_helper import set_external_data

from darkroom_vision.model.external_data import external_files
from darkroom_vision.model.onnx_messages import NotProtobuf
from darkroom_vision.model.session import ModelInSeveralFiles, load_model

WEIGHTS = np.arange(4, dtype=np.float32)


def outside(name: str) -> TensorProto:
    """A tensor whose values are in the file `name`."""
    tensor = numpy_helper.from_array(WEIGHTS, name)
    set_external_data(tensor, location=name, offset=0, length=WEIGHTS.nbytes)
    tensor.ClearField("raw_data")
    return tensor


def graph(nodes: list[onnx.NodeProto], constants: list[TensorProto]) -> onnx.GraphProto:
    port = helper.make_tensor_value_info
    return helper.make_graph(
        nodes, "g", [port("image", TensorProto.FLOAT, [4])], [port("seen", TensorProto.FLOAT, [4])], constants
    )


def add(weights: str) -> onnx.NodeProto:
    return helper.make_node("Add", ["image", weights], ["seen"])


def as_initializer() -> onnx.ModelProto:
    return helper.make_model(graph([add("w.bin")], [outside("w.bin")]))


def as_constant() -> onnx.ModelProto:
    constant = helper.make_node("Constant", [], ["w"], value=outside("w.bin"))
    return helper.make_model(graph([constant, add("w")], []))


def in_a_branch() -> onnx.ModelProto:
    branch = helper.make_graph(
        [helper.make_node("Identity", ["w.bin"], ["out"])],
        "branch",
        [],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, [4])],
        [outside("w.bin")],
    )
    condition = numpy_helper.from_array(np.array(True), "yes")
    node = helper.make_node("If", ["yes"], ["seen"], then_branch=branch, else_branch=branch)
    return helper.make_model(graph([node], [condition]))


def in_a_function() -> onnx.ModelProto:
    opset = [helper.make_opsetid("", 17)]
    constant = helper.make_node("Constant", [], ["w"], value=outside("w.bin"))
    function = helper.make_function(
        "ours", "Shift", ["x"], ["y"], [constant, helper.make_node("Add", ["x", "w"], ["y"])], opset
    )
    node = helper.make_node("Shift", ["image"], ["seen"], domain="ours")
    return helper.make_model(
        graph([node], []), functions=[function], opset_imports=[*opset, helper.make_opsetid("ours", 1)]
    )


@pytest.mark.parametrize("model", [as_initializer, as_constant, in_a_branch, in_a_function])
def test_external_data_is_found_in_every_kind_of_tensor(model: Callable[[], onnx.ModelProto]) -> None:
    assert external_files(model().SerializeToString()) == ["w.bin"]


def test_a_model_in_one_file_has_no_external_data() -> None:
    model = helper.make_model(graph([add("w")], [numpy_helper.from_array(WEIGHTS, "w")]))
    assert external_files(model.SerializeToString()) == []


def test_a_model_with_external_data_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "x.onnx"
    model = helper.make_model(graph([add("w")], [numpy_helper.from_array(WEIGHTS, "w")]), ir_version=9)
    onnx.save_model(model, path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    with pytest.raises(
        ModelInSeveralFiles, match=r"model file:x: its weights are in other files \(weights.bin\).*onnx.save_model"
    ):
        load_model(path, uri="file:x")
    onnx.save_model(onnx.load(path), path)
    assert load_model(path).name == "x.onnx"


@given(
    st.binary(max_size=200) | st.binary(max_size=40).map(lambda end: as_initializer().SerializeToString()[:-9] + end)
)
def test_other_bytes_are_refused(content: bytes) -> None:
    try:
        found = external_files(content)
    except NotProtobuf:
        return
    assert all(isinstance(location, str) for location in found)
