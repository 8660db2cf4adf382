"""The digits that the model is trained on and measured with, from scikit-learn's data set."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image
from sklearn.datasets import load_digits

Array = npt.NDArray[np.float64]
Pixels = npt.NDArray[np.uint8]

SEED = 1797
LABELS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
WIDTH = 28
POOLED = WIDTH // 2
SAMPLE_WIDTH = 64
HELD_OUT_PER_LABEL = 36


@dataclass(frozen=True)
class Digits:
    """Handwritten digits, white on black.

    `images` is uint8 (n, 64, 64), `labels` 0..9 (n,), `index` the position in the original data (n,).
    """

    images: Pixels
    labels: npt.NDArray[np.int64]
    index: npt.NDArray[np.int64]

    def of(self, chosen: npt.NDArray[np.int64]) -> "Digits":
        """Those at the given positions."""
        return Digits(self.images[chosen], self.labels[chosen], self.index[chosen])


def split_digits() -> tuple[Digits, Digits]:
    """(training set, held-out set), the held-out one with the same number of every label, chosen at random."""
    raw = load_digits()
    small = np.rint(raw.images * (255 / 16)).astype(np.uint8)
    size = (SAMPLE_WIDTH, SAMPLE_WIDTH)
    images = np.stack([np.asarray(Image.fromarray(x).resize(size, Image.Resampling.BICUBIC)) for x in small])
    everything = Digits(images, raw.target.astype(np.int64), np.arange(len(images)))
    order = np.random.default_rng(SEED).permutation(len(images))
    held_out = np.concatenate([order[everything.labels[order] == label][:HELD_OUT_PER_LABEL] for label in range(10)])
    return everything.of(np.setdiff1d(order, held_out)), everything.of(held_out)


def model_input(images: Pixels) -> npt.NDArray[np.float32]:
    """Uint8 (n, 64, 64) -> NCHW float32 (n, 1, 28, 28) in 0..1, resized as the worker's exact mode does."""
    small = [np.asarray(Image.fromarray(x).resize((WIDTH, WIDTH), Image.Resampling.BILINEAR)) for x in images]
    return (np.stack(small)[:, None] / 255).astype(np.float32)


def augmented(digits: Digits) -> tuple[Array, npt.NDArray[np.int64]]:
    """(pooled pixels (5n, 196) in 0..1, labels (5n,)): each digit as it is, and moved 4 pixels to each side."""
    moves = [(4, 4), (0, 4), (8, 4), (4, 0), (4, 8)]
    roomy = np.pad(digits.images, ((0, 0), (4, 4), (4, 4)))
    end = SAMPLE_WIDTH
    pixels = np.concatenate([model_input(roomy[:, y : y + end, x : x + end]) for y, x in moves])
    pooled = pixels.reshape(-1, POOLED, 2, POOLED, 2).astype(np.float64).mean(axis=(2, 4))
    return on_grid(pooled.reshape(len(pixels), -1), 12), np.tile(digits.labels, len(moves))


def on_grid(values: Array, bits: int) -> Array:
    """`values` rounded to multiples of 2**-bits."""
    return np.asarray(np.rint(values * 2.0**bits) * 2.0**-bits, dtype=np.float64)
