"""Inputs of a model besides the image: facts about the image, recognised by name, and constants of the stage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from darkroom.api.input import Constant
from darkroom_vision.imaging.geometry import Fit
from darkroom_vision.model.session import Port, shape_text

Array = npt.NDArray[Any]

_NUMPY_TYPES: dict[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(int8)": np.int8,
    "tensor(int16)": np.int16,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
    "tensor(uint8)": np.uint8,
    "tensor(bool)": np.bool_,
}
SCALE_FACTOR, IM_SHAPE, ORIG_TARGET_SIZES = "scale_factor", "im_shape", "orig_target_sizes"
FACTS = (SCALE_FACTOR, IM_SHAPE, ORIG_TARGET_SIZES)
"""Names of inputs that are filled in for each image."""
_PAIRS = ((2,), (None,), (1, 2), (None, 2), (None, None))
"""Shapes of an input that takes two numbers."""


@dataclass(frozen=True, slots=True)
class ExtraInputs:
    """The values of a model's extra inputs.

    Attributes:
        constants: arrays by input name, the same for every image.
        facts: inputs with names in `FACTS`, filled in for each image.
    """

    constants: Mapping[str, Array]
    facts: tuple[Port, ...]

    def feeds(self, fitting: Fit) -> dict[str, Array]:
        """The arrays for one image, by input name.

        PaddleDetection (`deploy/python/preprocess.py`): `scale_factor` is the scale (y, x) of the resize;
        `im_shape` is (height, width) of the resized image. RT-DETR, D-FINE and DEIM (`onnx_inf.py`):
        `orig_target_sizes` is (width, height) of the image, by which the post-processor multiplies x and y.

        Args:
            fitting: where the upright image goes in the model's input.
        """
        feeds = dict(self.constants)
        (inner_width, inner_height), (width, height) = fitting.inner, fitting.image
        values = {
            SCALE_FACTOR: (inner_height / height, inner_width / width),
            IM_SHAPE: (inner_height, inner_width),
            ORIG_TARGET_SIZES: fitting.image,
        }
        for port in self.facts:
            pair = np.asarray(values[port.name], _NUMPY_TYPES[port.type])
            feeds[port.name] = pair if len(port.shape) == 1 else pair[None]
        return feeds


def resolve_extra_inputs(ports: Sequence[Port], constants: Mapping[str, Constant], problems: list[str]) -> ExtraInputs:
    """The values for `ports`, all inputs of the model but the image. Appends to `problems` what cannot be fed."""
    names = [port.name for port in ports]
    problems.extend(
        f"input.extraInputs names {name!r}, which is not one of its extra inputs ({', '.join(names) or 'none'})"
        for name in constants
        if name not in names
    )
    arrays = {}
    facts = []
    for port in ports:
        if port.name in constants:
            arrays[port.name] = _constant(port, constants[port.name], problems)
        elif port.name in FACTS:
            facts.append(port)
            if port.type not in _NUMPY_TYPES or port.shape not in _PAIRS:
                problems.append(f"its input {_described(port)} is not two numbers: set input.extraInputs.{port.name}")
        else:
            problems.append(f"it has an extra input {_described(port)}: set input.extraInputs.{port.name}")
    return ExtraInputs(arrays, tuple(facts))


def _constant(port: Port, value: Constant, problems: list[str]) -> Array:
    array = np.asarray(value)
    shape = tuple(1 if side is None else side for side in port.shape)
    if port.type not in _NUMPY_TYPES:
        problems.append(f"its input {_described(port)} can't be set: its type must be numeric or bool")
        return array
    converted = array.astype(_NUMPY_TYPES[port.type])
    if not np.array_equal(converted.astype(np.float64), np.asarray(array, np.float64)) and "int" in port.type:
        problems.append(f"its input {_described(port)} does not hold {value}: change input.extraInputs.{port.name}")
    if array.ndim == 0:
        return np.full(shape, converted)
    if array.ndim > len(shape):
        problems.append(_wrong_shape(port, value))
        return converted
    converted = converted.reshape((1,) * (len(shape) - array.ndim) + array.shape)
    if any(wanted not in (None, side) for wanted, side in zip(port.shape, converted.shape, strict=True)):
        problems.append(_wrong_shape(port, value))
    return converted


def _wrong_shape(port: Port, value: Constant) -> str:
    return f"its input {_described(port)} does not have the shape of input.extraInputs.{port.name}, {value}"


def _described(port: Port) -> str:
    return f"{port.name!r}, {port.type} of shape {shape_text(port.shape)}"
