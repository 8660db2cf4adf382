"""The metadata of an ONNX file. Callers must check it against the shapes of the model."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from darkroom_vision.model.onnx_messages import CHILDREN, entry, fields, text

_LONGEST_LITERAL: Final = 1 << 20
_LONGEST_NAME: Final = 1_000
_MOST_NAMES: Final = 100_000
_LARGEST_SIDE: Final = 16_384
_SIDES: Final = 2

# Fields of ModelProto and of OperatorSetIdProto in onnx.proto3.
_IR_VERSION, _PRODUCER, _PRODUCER_VERSION = 1, 2, 3
_DOMAIN, _VERSION = 1, 2
_ONNX_DOMAINS: Final = ("", "ai.onnx")


@dataclass(frozen=True, slots=True)
class ModelMetadata:
    """The file's metadata. Values that cannot be parsed are only in `custom`.

    Attributes:
        custom: all of `metadata_props`, unparsed.
        producer: name and version of the program that wrote the file.
        opset: opset version of the standard operators; None if the file does not say.
        opsets: opset versions by domain.
        names: class names (`names`, written by Ultralytics) or characters (`character`, written by PaddleOCR) by
            index; empty if there are none.
        stride: the largest stride of a detector.
        task: task of an Ultralytics model: detect, segment, classify, pose, obb or semantic.
        image_size: (height, width) in pixels that the model was exported for.
        keypoint_shape: (points, numbers per point) of an Ultralytics pose model.
    """

    custom: Mapping[str, str] = field(default_factory=dict)
    producer: str = ""
    opset: int | None = None
    opsets: Mapping[str, int] = field(default_factory=dict)
    ir_version: int | None = None
    names: tuple[str, ...] = ()
    stride: int | None = None
    task: str | None = None
    image_size: tuple[int, int] | None = None
    keypoint_shape: tuple[int, int] | None = None


def read_metadata(model: bytes | memoryview) -> ModelMetadata:
    """The metadata of an ONNX file.

    Raises:
        NotProtobuf: `model` is not an ONNX model.
    """
    single: dict[int, int | memoryview] = {}
    custom: dict[str, str] = {}
    opsets: dict[str, int] = {}
    for number, value in fields(memoryview(model)):
        match CHILDREN["Model"].get(number), value:
            case "Entry", memoryview():
                key, said = entry(value)
                custom[key] = said
            case "OperatorSet", memoryview():
                found = dict(fields(value))
                version = found.get(_VERSION)
                if isinstance(version, int):
                    domain = text(found.get(_DOMAIN))
                    opsets["" if domain in _ONNX_DOMAINS else domain] = version
            case None, _:
                single[number] = value
    ir_version = single.get(_IR_VERSION)
    return metadata_of(
        custom,
        producer=f"{text(single.get(_PRODUCER))} {text(single.get(_PRODUCER_VERSION))}".strip(),
        opsets=opsets,
        ir_version=ir_version if isinstance(ir_version, int) else None,
    )


def metadata_of(
    custom: Mapping[str, str],
    *,
    producer: str = "",
    opsets: Mapping[str, int] | None = None,
    ir_version: int | None = None,
) -> ModelMetadata:
    """Metadata with classes, sizes and task parsed from `custom`. Values are parsed as literals, never evaluated."""
    opsets = opsets or {}
    return ModelMetadata(
        custom=custom,
        producer=producer,
        opset=opsets.get(""),
        opsets=opsets,
        ir_version=ir_version,
        names=_class_names(_literal(custom.get("names"))) or _characters(custom.get("character")),
        stride=_stride(_literal(custom.get("stride"))),
        task=custom.get("task") or None,
        image_size=_pair(_literal(custom.get("imgsz"))),
        keypoint_shape=_pair(_literal(custom.get("kpt_shape"))),
    )


def _literal(value: str | None) -> Any:
    """The Python literal in `value`; None if it is not a literal or too long."""
    if value is None or len(value) > _LONGEST_LITERAL:
        return None
    try:
        return ast.literal_eval(value.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def _class_names(value: Any) -> tuple[str, ...]:
    """Class names from a list, or from a mapping of 0, 1, … to names; empty if it is neither."""
    if isinstance(value, dict):
        try:
            by_index = {int(index): name for index, name in value.items()}
        except (ValueError, TypeError):
            return ()
        if sorted(by_index) != list(range(len(value))):
            return ()
        value = [by_index[i] for i in range(len(value))]
    if not isinstance(value, list | tuple) or not 0 < len(value) <= _MOST_NAMES:
        return ()
    names = tuple(str(name) for name in value if isinstance(name, str | int | float))
    return names if len(names) == len(value) and all(len(name) <= _LONGEST_NAME for name in names) else ()


def _characters(value: str | None) -> tuple[str, ...]:
    """Characters, one per line. Only line feeds separate them: other whitespace can be a character to recognise."""
    if not value or len(value) > _LONGEST_LITERAL:
        return ()
    return tuple(line.removesuffix("\r") for line in value.removesuffix("\n").split("\n"))


def _stride(value: Any) -> int | None:
    if isinstance(value, list | tuple) and value and all(isinstance(stride, int | float) for stride in value):
        value = max(value)
    return int(value) if isinstance(value, int | float) and 0 < value <= _LARGEST_SIDE else None


def _pair(value: Any) -> tuple[int, int] | None:
    if isinstance(value, int):
        value = (value, value)
    if not isinstance(value, list | tuple) or len(value) != _SIDES:
        return None
    first, second = value
    if not all(isinstance(side, int) and 0 < side <= _LARGEST_SIDE for side in value):
        return None
    return first, second
