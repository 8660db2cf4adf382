"""Arrays of pixels."""

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Colors = Literal["RGB", "BGR", "GRAY"]
"""Order of the channels."""
Pixels = npt.NDArray[np.uint8]
"""uint8 (height, width, channels), 0..255; channels is 1 (grey) or 3."""


def as_pixels(array: npt.NDArray[Any], channels: int) -> Pixels:
    """(height, width, channels) from an array of OpenCV, which drops the axis of a single channel."""
    return np.asarray(array, dtype=np.uint8).reshape(*array.shape[:2], channels)
