"""The test cases of operators in the onnx package: inputs and expected outputs, made by its authors."""

import importlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import helper
from onnx.backend.test.case import node as node_cases

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class OnnxCase:
    """One case: the attributes of the operator, its inputs by name, and its first output."""

    name: str
    attributes: dict[str, Any]
    inputs: dict[str, Array]
    output: Array


def onnx_cases(module: str, operator: str) -> list[OnnxCase]:
    """The cases of `operator`, which `onnx.backend.test.case.node.<module>` makes when it is imported.

    `collect_testcases` imports the cases of all operators, which takes ten seconds.
    """
    importlib.import_module(f"onnx.backend.test.case.node.{module}")
    cases = []
    for case in node_cases._NodeTestCases:
        graph = case.model.graph
        if len(graph.node) != 1 or graph.node[0].op_type != operator:
            continue
        node, ((values, outputs),) = graph.node[0], case.data_sets
        attributes = {
            attribute.name: value.decode() if isinstance(value, bytes) else value
            for attribute in node.attribute
            for value in [helper.get_attribute_value(attribute)]
        }
        inputs = dict(zip(filter(None, node.input), map(np.asarray, values), strict=True))
        cases.append(OnnxCase(case.name.removeprefix("test_"), attributes, inputs, np.asarray(outputs[0])))
    return cases
