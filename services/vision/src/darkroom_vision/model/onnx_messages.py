"""A minimal protobuf reader for the messages of an ONNX file."""

from collections.abc import Iterator, Mapping
from typing import Final

CHILDREN: Final[Mapping[str, Mapping[int, str]]] = {
    "Model": {7: "Graph", 8: "OperatorSet", 14: "Entry", 20: "TrainingInfo", 25: "Function"},
    "TrainingInfo": {1: "Graph", 2: "Graph"},
    "Graph": {1: "Node", 5: "Tensor", 15: "SparseTensor"},
    "Function": {7: "Node", 11: "Attribute"},
    "Node": {5: "Attribute"},
    "Attribute": {5: "Tensor", 6: "Graph", 10: "Tensor", 11: "Graph", 22: "SparseTensor", 23: "SparseTensor"},
    "SparseTensor": {1: "Tensor", 2: "Tensor"},
    "Tensor": {13: "ExternalEntry"},
}
"""By message type of onnx.proto3: the fields that contain messages, and their types."""

Field = tuple[int, int | memoryview]
"""A field's number and its value: an int for a varint, bytes for length-delimited fields."""

_KEY, _VALUE = 1, 2


class NotProtobuf(Exception):
    """The bytes are not a protobuf message."""


def walk(model: bytes | memoryview) -> Iterator[tuple[str, memoryview]]:
    """Every message of the model that is reachable through `CHILDREN`: its type and bytes, the `Model` first.

    Raises:
        NotProtobuf: `model` is not an ONNX model.
    """
    waiting = [("Model", memoryview(model))]
    while waiting:
        kind, message = waiting.pop()
        yield kind, message
        children = CHILDREN.get(kind)
        if children:
            for number, value in fields(message):
                if number in children and isinstance(value, memoryview):
                    waiting.append((children[number], value))


def fields(message: memoryview) -> Iterator[Field]:
    """The fields of `message`, except fixed 32-bit and 64-bit ones.

    Raises:
        NotProtobuf: `message` is not a protobuf message.
    """
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        match tag & 7:
            case 0:  # a varint
                number, at = _varint(message, at)
                yield tag >> 3, number
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


def varints(packed: memoryview) -> Iterator[int]:
    """The numbers of a packed repeated field.

    Raises:
        NotProtobuf: `packed` is cut off.
    """
    at = 0
    while at < len(packed):
        number, at = _varint(packed, at)
        yield number


def text(value: int | memoryview | None) -> str:
    """The field as text; invalid UTF-8 is replaced."""
    return bytes(value).decode(errors="replace") if isinstance(value, memoryview) else ""


def entry(message: memoryview) -> tuple[str, str]:
    """Key and value of a StringStringEntryProto."""
    found = dict(fields(message))
    return text(found.get(_KEY)), text(found.get(_VALUE))


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(message) and shift < 64:  # noqa: PLR2004 - bits
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:  # noqa: PLR2004 - no further byte
            return value, at
    raise NotProtobuf
