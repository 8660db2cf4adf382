"""The model's inputs for an image, as a worker computes them."""

from pathlib import Path
from typing import Any

import numpy.typing as npt

from darkroom.errors import DarkroomError
from darkroom_vision.analyse import LoadedStage
from darkroom_vision.imaging.decode import decode


def feeds_of(stage: LoadedStage, image: Path) -> dict[str, npt.NDArray[Any]]:
    """The input arrays, by name.

    Raises:
        DarkroomError: the file can't be read or decoded.
    """
    try:
        content = image.read_bytes()
    except OSError as error:
        raise DarkroomError(f"{image} can't be read: {error.strerror}") from error
    preprocessor = stage.preprocessor
    decoded = decode(content, preprocessor.colors, preprocessor.decoder_shrink)
    fitting = preprocessor.fit((decoded.width, decoded.height))
    target = preprocessor.empty_input(fitting.target)
    preprocessor.write(decoded.pixels, fitting, target)
    return preprocessor.feeds(target, fitting)
