"""Inputs and outputs of models that a test makes up."""

import numpy as np

from darkroom_vision.model.session import Port, Value

Dims = tuple[int | None, ...]


def floats(name: str, *shape: int | None) -> Port:
    """A float tensor."""
    return Port(name, "tensor(float)", shape)


def integers(name: str, *shape: int | None) -> Port:
    """An int64 tensor."""
    return Port(name, "tensor(int64)", shape)


def images(height: int | None, width: int | None, name: str = "images") -> Port:
    """The input (1, 3, height, width)."""
    return floats(name, 1, 3, height, width)


def zeros(*shape: int) -> Value:
    """A float output of a blank image."""
    return np.zeros(shape, np.float32)
