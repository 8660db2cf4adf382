"""Converting arrays to JSON numbers."""

from typing import Any

import numpy as np
import numpy.typing as npt

from darkroom_vision.failures import InferenceError

_DIGITS_OF_FLOAT32 = 9
"""Significant digits that identify a float32 exactly (FLT_DECIMAL_DIG in C)."""
_SHORTER = f"%.{_DIGITS_OF_FLOAT32}g"
_FEW = 20
"""Up to this number of values, formatting each is faster than NumPy."""


def require_finite(name: str, array: npt.NDArray[Any]) -> None:
    """Refuse NaN and infinity, which JSON cannot represent.

    Raises:
        InferenceError: `array` has NaN or infinity; names the output.
    """
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise not_finite(name)


def not_finite(name: str) -> InferenceError:
    """The error for an output with NaN or infinity."""
    return InferenceError(f"the model's output {name!r} holds NaN or infinity for this image")


def shorter(value: float) -> float:
    """`value` with 9 significant digits."""
    return float(_SHORTER % value)


def shortened(values: npt.NDArray[np.float64]) -> list[float]:
    """`values` (n,) with 9 significant digits: half the bytes in JSON, and the same float32 when read."""
    if len(values) <= _FEW:
        return [shorter(value) for value in values.tolist()]
    magnitude = np.floor(np.log10(np.abs(values), where=values != 0, out=np.zeros_like(values)))
    power = 10.0 ** np.clip(_DIGITS_OF_FLOAT32 - 1 - magnitude, -300, 300)
    rounded: list[float] = (np.rint(values * power) / power).tolist()
    return rounded
