"""Models that answer with chosen outputs, and what a stage makes of them for an image of 200 x 100.

The model input is 64 x 64. Letterboxed, the image becomes 64 x 32 pixels at (0, 16): (x, y) in the input is
(3.125 x, 3.125 (y - 16)) in the image. Stretched, it is (3.125 x, 1.5625 y).
"""

import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from darkroom.api.pipeline import Stage
from darkroom_vision.analyse import Analyser, Analysis, prepare
from darkroom_vision.model.session import load_model
from tests.support.images.pictures import encoded, picture
from tests.support.models.vision_files import constant_file

Outputs = dict[str, npt.NDArray[Any]]

SIZE = (64, 64)
CELLS = 64 + 16 + 4
IMAGE = encoded(picture(100, 200), "PNG")
LETTERBOXED = {"x": 75, "y": 37.5, "width": 50, "height": 25}
STRETCHED = {"x": 75, "y": 43.75, "width": 50, "height": 12.5}
CENTRES, CORNERS = (32.0, 32, 16, 8), (24.0, 28, 40, 36)


def answer(
    path: Path, outputs: Outputs, output: dict[str, Any], pairs: dict[str, int] | None = None, **spec_input: Any
) -> dict[str, Any]:
    stage = Stage.model_validate(
        {"name": "test", "model": {"uri": "file:x.onnx"}, "input": spec_input, "output": output}
    )
    found = Analyser(prepare(load_model(constant_file(path / "m.onnx", SIZE, outputs, pairs)), stage)).analyse(IMAGE)
    assert isinstance(found, Analysis), found
    return found.result


def table(rows: int, columns: int, **at: tuple[float, ...]) -> npt.NDArray[np.float32]:
    """Zeros, with `at` = {"r5": numbers of row 5}."""
    found = np.zeros((1, rows, columns), np.float32)
    for row, numbers in at.items():
        found[0, int(row[1:])] = numbers
    return found


def logit(probability: float) -> float:
    return math.log(probability / (1 - probability))
