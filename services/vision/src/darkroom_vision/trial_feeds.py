"""Feeds of blank and of random images, for trials of a model."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from darkroom_vision.heads.base import Frame
from darkroom_vision.preprocess import Preprocessor

TRIAL_SIZE: Final = (640, 480)
"""(width, height) of the images of trial runs, which gives the size of an input that depends on the image."""


def blank_feeds(preprocessor: Preprocessor) -> dict[str, npt.NDArray[Any]]:
    """The feeds for an image whose input is all zeros."""
    fitting = preprocessor.fit(TRIAL_SIZE)
    target = preprocessor.empty_input(fitting.target)
    target.fill(0)
    return preprocessor.feeds(target, fitting)


def noise_feeds(preprocessor: Preprocessor, seed: int) -> dict[str, npt.NDArray[Any]]:
    """The feeds for an image of random pixels, pre-processed like any other."""
    width, height = TRIAL_SIZE
    shape = (height, width, preprocessor.settings.channels)
    fitting = preprocessor.fit(TRIAL_SIZE)
    target = preprocessor.empty_input(fitting.target)
    preprocessor.write(np.random.default_rng(seed).integers(0, 256, shape, np.uint8), fitting, target)
    return preprocessor.feeds(target, fitting)


def trial_frame(preprocessor: Preprocessor) -> Frame:
    """The frame of an image of `noise_feeds`."""
    fitting = preprocessor.fit(TRIAL_SIZE)
    return Frame(TRIAL_SIZE, fitting.to_image, fitting.target)
