"""The operators and parameters of a file, with `onnx` as the reference; operators that ONNX Runtime lacks."""

import math
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from darkroom_vision.model import contents
from darkroom_vision.model.contents import Operator, missing_operators, read_contents
from darkroom_vision.model.metadata import read_metadata
from tests.support.documents import ROOT
from tests.support.models.onnx_files import identity_file, onnx_file, zip_map_file

LIGHT = sorted(Path(onnx.__file__).parent.glob("backend/test/data/light/*.onnx"))


@pytest.mark.parametrize("path", [*LIGHT, *sorted((ROOT / "models" / "digits").glob("*.onnx"))], ids=lambda p: p.name)
def test_operators_and_parameters_are_those_that_onnx_reads(path: Path) -> None:
    expected = onnx.load(path)
    found = read_contents(path.read_bytes())
    assert found.operators == Counter(Operator(node.domain, node.op_type) for node in expected.graph.node)
    weights = [*expected.graph.initializer]
    weights += [a.t for node in expected.graph.node for a in node.attribute if a.type == onnx.AttributeProto.TENSOR]
    assert found.parameters == sum(math.prod(tensor.dims) for tensor in weights)
    assert missing_operators(found, read_metadata(path.read_bytes())) == []


def test_operators_of_other_domains_are_shown_with_their_domain(tmp_path: Path) -> None:
    path = zip_map_file(tmp_path / "m.onnx", ["a", "b", "c"])
    assert {str(operator) for operator in read_contents(path.read_bytes()).operators} == {"ArgMax", "ai.onnx.ml.ZipMap"}


def test_an_operator_of_a_subgraph_is_counted(tmp_path: Path) -> None:
    branch = helper.make_graph(
        [helper.make_node("Relu", ["image"], ["out"])],
        "branch",
        [],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, [1, 4])],
    )
    path = onnx_file(
        tmp_path / "m.onnx",
        [helper.make_node("If", ["yes"], ["seen"], then_branch=branch, else_branch=branch)],
        {"image": (TensorProto.FLOAT, [1, 4])},
        {"seen": (TensorProto.FLOAT, [1, 4])},
        {"yes": np.array(True)},
    )
    assert read_contents(path.read_bytes()).operators == {Operator("", "If"): 1, Operator("", "Relu"): 2}


def test_operators_that_the_runtime_lacks_are_found(tmp_path: Path) -> None:
    model = onnx.load(identity_file(tmp_path / "m.onnx", [1, 4]))
    model.graph.node.append(helper.make_node("Levitate", ["seen"], ["other"], domain="org.example"))
    model.graph.node.append(helper.make_node("Softmax", ["seen"], ["another"]))
    model.opset_import.append(helper.make_opsetid("org.example", 1))
    data = model.SerializeToString()
    assert missing_operators(read_contents(data), read_metadata(data)) == [Operator("org.example", "Levitate")]


def test_a_runtime_for_gpus_is_not_asked_for_its_operators(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = onnx.load(identity_file(tmp_path / "m.onnx", [1, 4]))
    model.graph.node.append(helper.make_node("Levitate", ["seen"], ["other"], domain="org.example"))
    data = model.SerializeToString()
    providers = ["TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(contents.onnxruntime, "get_available_providers", lambda: providers)
    assert missing_operators(read_contents(data), read_metadata(data)) == []
