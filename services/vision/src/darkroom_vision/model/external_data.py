"""Which files besides itself an ONNX model needs: read from its protobuf, without a library for it."""

from collections.abc import Iterator, Mapping
from typing import Final

_MESSAGES: Final[Mapping[str, Mapping[int, str]]] = {
    "Model": {7: "Graph", 20: "TrainingInfo", 25: "Function"},
    "TrainingInfo": {1: "Graph", 2: "Graph"},
    "Graph": {1: "Node", 5: "Tensor", 15: "SparseTensor"},
    "Function": {7: "Node", 11: "Attribute"},
    "Node": {5: "Attribute"},
    "Attribute": {5: "Tensor", 6: "Graph", 10: "Tensor", 11: "Graph", 22: "SparseTensor", 23: "SparseTensor"},
    "SparseTensor": {1: "Tensor", 2: "Tensor"},
    "Tensor": {13: "Entry"},
}
"""By message of onnx.proto3: its fields that lead to tensors, and the message in each."""

_KEY, _VALUE = 1, 2


class NotProtobuf(Exception):
    """The bytes are no message of protobuf."""


def external_files(model: bytes | memoryview) -> list[str]:
    """The locations of all external data of the model, sorted.

    Raises:
        NotProtobuf: `model` is no ONNX model.
    """
    found: set[str] = set()
    waiting = [("Model", memoryview(model))]
    while waiting:
        kind, message = waiting.pop()
        for number, value in _fields(message):
            child = _MESSAGES[kind].get(number)
            if child == "Entry":
                if (location := _location(value)) is not None:
                    found.add(location)
            elif child is not None:
                waiting.append((child, value))
    return sorted(found)


def _location(entry: memoryview) -> str | None:
    fields = {number: bytes(value) for number, value in _fields(entry)}
    if fields.get(_KEY) != b"location":
        return None
    return fields.get(_VALUE, b"").decode(errors="replace")


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview]]:
    """The fields of `message` that hold bytes."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        match tag & 7:
            case 0:  # a varint
                _, at = _varint(message, at)
            case 1:  # 64 bits
                at += 8
            case 5:  # 32 bits
                at += 4
            case 2:  # bytes
                length, at = _varint(message, at)
                if at + length > len(message):
                    raise NotProtobuf
                yield tag >> 3, message[at : at + length]
                at += length
            case _:
                raise NotProtobuf


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(message) and shift < 64:  # noqa: PLR2004 - bits
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:  # noqa: PLR2004 - no further byte
            return value, at
    raise NotProtobuf
