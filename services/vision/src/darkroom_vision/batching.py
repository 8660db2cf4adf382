"""Several images in one run of a model, and the check that the model treats each of them as if it were alone."""

from collections.abc import Collection, Sequence
from typing import Final

import numpy as np

from darkroom_vision.failures import InferenceError
from darkroom_vision.heads.base import Head
from darkroom_vision.model.input import ModelMismatch
from darkroom_vision.model.provider_trial import Feeds, difference
from darkroom_vision.model.session import ModelRunFailed, OnnxModel, Value, shape_text
from darkroom_vision.preprocess import Preprocessor
from darkroom_vision.trial_feeds import noise_feeds, trial_frame

_TOLERANCE: Final = 0.01
"""Providers may choose other algorithms for other batch sizes; a model that mixes images differs by more."""
_REMEDY: Final = "export it with a dynamic batch size, or remove execution.batch"


def stacked(images: Sequence[Feeds], constants: Collection[str]) -> Feeds:
    """The feeds of several images with the same shapes as feeds of one run. `constants` are fed as for one image."""
    if len(images) == 1:
        return images[0]
    return {
        name: first if name in constants else np.concatenate([feeds[name] for feeds in images])
        for name, first in images[0].items()
    }


def check_batching(model: OnnxModel, preprocessor: Preprocessor, head: Head, most: int) -> None:
    """Check that the model analyses up to `most` images in one run, with the same outputs as one at a time.

    Raises:
        ModelMismatch: says what in the model file prevents it.
    """
    if most == 1:
        return
    problem = _fixed_batch(model, preprocessor) or _dependence(model, preprocessor, head)
    if problem:
        raise ModelMismatch(model.uri, [f"execution.batch.max is {most}, but {problem}: {_REMEDY}"])


def _fixed_batch(model: OnnxModel, preprocessor: Preprocessor) -> str | None:
    settings = preprocessor.settings
    per_image = {settings.name, *(port.name for port in settings.extra.facts)}
    for port in model.inputs:
        if port.name not in per_image:
            continue
        if settings.form == "Single" and port.name == settings.name:
            return f"its input {port.name!r} of shape {shape_text(port.shape)} has no batch axis"
        if port.shape[0] is not None:
            return f"its input {port.name!r} of shape {shape_text(port.shape)} takes one image"
    return None


def _dependence(model: OnnxModel, preprocessor: Preprocessor, head: Head) -> str | None:
    """What shows that two images in one run are not analysed as they are alone; None if nothing does."""
    images = [noise_feeds(preprocessor, seed) for seed in (0, 1)]
    alone = [model.run(feeds) for feeds in images]
    try:
        together = model.run(stacked(images, preprocessor.settings.extra.constants))
        head.results(together, [trial_frame(preprocessor)] * len(images))
    except (ModelRunFailed, InferenceError) as error:
        return f"two images in one run fail ({error})"
    for port, value, *parts in zip(model.outputs, together, *alone, strict=True):
        if len(value) != len(images):
            return f"its output {port.name!r} has {len(value)} rows for two images"
        for i, part in enumerate(parts):
            if not (apart := difference([part], [_row(value, i)])) <= _TOLERANCE:
                return f"its output {port.name!r} for an image depends on the others in the run (by {apart:.2g})"
    return None


def _row(value: Value, i: int) -> Value:
    return value[i : i + 1]
