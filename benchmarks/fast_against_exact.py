"""How far the pixels of Fast pre-processing are from those of Exact, in levels of 0..255.

Two photos, in sizes from a thumbnail's to a phone's, become inputs of two sizes, stretched, letterboxed and cropped.
"""

import io
from itertools import product
from typing import get_args

import numpy as np
import numpy.typing as npt
from PIL import Image
from sklearn.datasets import load_sample_image

from darkroom.api.input import Input, Interpolation, Resize
from darkroom_vision.imaging.decode import decode
from darkroom_vision.model.input import resolve_input
from darkroom_vision.model.session import Port
from darkroom_vision.preprocess import Preprocessor

SIZES = ((4_000, 3_000), (1_920, 1_280), (1_280, 853), (900, 600), (640, 427), (400, 267), (230, 153))
TARGETS = (224, 640)
OPTIONS = {"JPEG": {"quality": 90}, "PNG": {"compress_level": 1}}


def model_input(data: bytes, side: int, spec: Input) -> npt.NDArray[np.float64]:
    """(3, side, side): the pixels as a model gets them, not normalised."""
    port = Port("image", "tensor(float)", (1, 3, side, side))
    preprocessor = Preprocessor.of(resolve_input("model", spec, (port,)))
    decoded = decode(data, preprocessor.colors, preprocessor.decoder_shrink)
    fitting = preprocessor.fit((decoded.width, decoded.height))
    target = preprocessor.empty_input(fitting.target)
    preprocessor.write(decoded.pixels, fitting, target)
    return np.asarray(target, np.float64)


def differences(data: bytes, interpolation: Interpolation) -> list[tuple[float, float]]:
    """(mean, 99th percentile) of the differences for every size and kind of input."""
    found = []
    for side, resize in product(TARGETS, get_args(Resize)):
        exact, fast = (
            model_input(
                data, side, Input(resize=resize, interpolation=interpolation, preprocessing=preprocessing, scale=1.0)
            )
            for preprocessing in ("Exact", "Fast")
        )
        levels = np.abs(exact - fast)
        found.append((float(levels.mean()), float(np.quantile(levels, 0.99))))
    return found


def main() -> None:
    """Print a line for every format and filter."""
    print(f"{'file':5} {'filter':9} {'mean':>6} {'worst mean':>11} {'worst 99 %':>11}")
    photos = [Image.fromarray(load_sample_image(name)) for name in ("china.jpg", "flower.jpg")]
    for kind, interpolation in product(OPTIONS, get_args(Interpolation)):
        rows = []
        for photo, size in product(photos, SIZES):
            data = io.BytesIO()
            photo.resize(size, Image.Resampling.BICUBIC).save(data, kind, **OPTIONS[kind])
            rows += differences(data.getvalue(), interpolation)
        means, high = zip(*rows, strict=True)
        print(f"{kind:5} {interpolation:9} {np.mean(means):6.2f} {max(means):11.2f} {max(high):11.0f}")


if __name__ == "__main__":
    main()
