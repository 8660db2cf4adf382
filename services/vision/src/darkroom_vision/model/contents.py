"""The operators of an ONNX file and its number of parameters."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from darkroom_vision.model.metadata import ModelMetadata
from darkroom_vision.model.onnx_messages import fields, text, varints, walk
from darkroom_vision.model.onnx_runtime import onnxruntime, runtime_errors

# Fields of NodeProto, FunctionProto and TensorProto in onnx.proto3.
_NODE_OPERATOR, _NODE_DOMAIN = 4, 7
_FUNCTION_NAME, _FUNCTION_DOMAIN = 1, 10
_TENSOR_DIMENSIONS: Final = 1

_ONLY_CPU: Final = frozenset({"CPUExecutionProvider", "AzureExecutionProvider"})
"""The providers of the builds of ONNX Runtime that run models on the CPU only; Azure's calls a service."""


class Operator(NamedTuple):
    """An operator. The domain of the standard operators is empty."""

    domain: str
    name: str

    def __str__(self) -> str:
        return f"{self.domain}.{self.name}" if self.domain else self.name


@dataclass(frozen=True, slots=True)
class Contents:
    """The contents of an ONNX file.

    Attributes:
        operators: number of nodes by operator, including subgraphs.
        functions: operators that the file itself defines.
        parameters: number of elements of all tensors in the file.
    """

    operators: Mapping[Operator, int]
    functions: frozenset[Operator]
    parameters: int


def read_contents(model: bytes | memoryview) -> Contents:
    """The contents of an ONNX file.

    Raises:
        NotProtobuf: `model` is not an ONNX model.
    """
    operators: Counter[Operator] = Counter()
    functions: set[Operator] = set()
    parameters = 0
    for kind, message in walk(model):
        if kind == "Node":
            operators[_operator(message, _NODE_DOMAIN, _NODE_OPERATOR)] += 1
        elif kind == "Function":
            functions.add(_operator(message, _FUNCTION_DOMAIN, _FUNCTION_NAME))
        elif kind == "Tensor":
            parameters += _elements(message)
    return Contents(dict(operators.most_common()), frozenset(functions), parameters)


def missing_operators(contents: Contents, metadata: ModelMetadata) -> list[Operator]:
    """The operators that ONNX Runtime does not implement on the CPU in the versions that the file imports.

    None are found with a build of ONNX Runtime for GPUs: the list of its kernels crashes the process where the library
    of one of its providers is missing, such as that of TensorRT (onnxruntime-gpu 1.31.1).

    May include operators that run because ONNX defines them as functions of others. So it can explain why a model does
    not load, but cannot predict whether it will.
    """
    if not _ONLY_CPU.issuperset(onnxruntime.get_available_providers()):
        return []
    known = _implemented()
    missing = []
    for operator in contents.operators:
        version = metadata.opsets.get(operator.domain)
        ranges = known.get(operator, ())
        if operator not in contents.functions and not any(_within(version, found) for found in ranges):
            missing.append(operator)
    return sorted(missing)


def _implemented() -> dict[Operator, list[tuple[int, int]]]:
    """The (first, last) versions of each operator's kernels in the CPU execution provider."""
    found: dict[Operator, list[tuple[int, int]]] = {}
    for kernel in runtime_errors.get_all_opkernel_def():
        if kernel.provider == "CPUExecutionProvider":
            found.setdefault(Operator(_domain(kernel.domain), kernel.op_name), []).append(kernel.version_range)
    return found


def _within(version: int | None, versions: tuple[int, int]) -> bool:
    """Whether `version` is in the range. True if it is None: the file imports no version of the domain."""
    return version is None or versions[0] <= version <= versions[1]


def _operator(message: memoryview, domain: int, name: int) -> Operator:
    found = dict(fields(message))
    return Operator(_domain(text(found.get(domain))), text(found.get(name)))


def _domain(name: str) -> str:
    return "" if name == "ai.onnx" else name


def _elements(tensor: memoryview) -> int:
    return math.prod(_dimensions(tensor))


def _dimensions(tensor: memoryview) -> Iterable[int]:
    for number, value in fields(tensor):
        if number == _TENSOR_DIMENSIONS:
            if isinstance(value, int):
                yield value
            else:
                yield from varints(value)
