"""Feeds of random images."""

from pathlib import Path

import numpy as np

from darkroom.api.input import Input
from darkroom_vision.model.input import resolve_input
from darkroom_vision.model.session import load_model
from darkroom_vision.preprocess import Preprocessor
from darkroom_vision.trial_feeds import noise_feeds, trial_frame
from tests.support.models.onnx_files import identity_file


def test_noise_is_preprocessed_and_differs_by_seed(tmp_path: Path) -> None:
    model = load_model(identity_file(tmp_path / "x.onnx", ["N", 3, 8, 8]))
    preprocessor = Preprocessor.of(resolve_input(model.uri, Input(scale=1 / 255), model.inputs))
    first, second = (noise_feeds(preprocessor, seed)["image"] for seed in (0, 1))
    assert first.shape == (1, 3, 8, 8)
    assert 0 <= first.min() < first.max() <= 1
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(first, noise_feeds(preprocessor, 0)["image"])
    assert trial_frame(preprocessor).input_size == (8, 8)
