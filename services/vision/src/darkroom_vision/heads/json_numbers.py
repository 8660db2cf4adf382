"""Arrays as numbers that JSON can hold."""

from typing import Any

import numpy as np
import numpy.typing as npt

from darkroom_vision.failures import InferenceError

_DIGITS_OF_FLOAT32 = 9
"""So many significant digits give the same float32 back."""


def require_finite(name: str, array: npt.NDArray[Any]) -> None:
    """Refuse NaN and infinity, which JSON has no number for.

    Raises:
        InferenceError: naming the output.
    """
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise InferenceError(f"the model's output {name!r} holds NaN or infinity for this image")


def shortened(values: npt.NDArray[np.float64]) -> list[float]:
    """`values` with as many digits as a float32 has: half the bytes in JSON, and the same float32 when it is read."""
    magnitude = np.floor(np.log10(np.abs(values), where=values != 0, out=np.zeros_like(values)))
    power = 10.0 ** np.clip(_DIGITS_OF_FLOAT32 - 1 - magnitude, -300, 300)
    rounded: list[float] = (np.rint(values * power) / power).tolist()
    return rounded
