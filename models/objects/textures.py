"""Computed backgrounds for training, in addition to the few photographs."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

_SIDE = 320


def more_backgrounds(photographs: Sequence[Image.Image], copies: int, textures: int) -> list[Image.Image]:
    """`copies` of each photograph with its hues turned, and `textures` of coloured noise."""
    rng = np.random.default_rng(5)
    turned = [_turned(photograph, int(rng.integers(20, 236))) for photograph in photographs for _ in range(copies)]
    return turned + [_noise(rng) for _ in range(textures)]


def _turned(photograph: Image.Image, by: int) -> Image.Image:
    hue, saturation, value = photograph.convert("HSV").split()
    return Image.merge("HSV", (hue.point(lambda angle: (angle + by) % 256), saturation, value)).convert("RGB")


def _noise(rng: np.random.Generator) -> Image.Image:
    """Noise whose amplitude falls with a random power of the frequency, from fine grain to soft clouds."""
    across, down = np.meshgrid(np.fft.rfftfreq(_SIDE), np.fft.fftfreq(_SIDE))
    frequency = np.hypot(across * rng.uniform(0.4, 2.5), down)
    frequency[0, 0] = 1
    spectrum = np.fft.rfft2(rng.standard_normal((3, _SIDE, _SIDE))) * frequency ** -rng.uniform(0.6, 2.0)
    spectrum[:, 0, 0] = 0
    fields = np.fft.irfft2(spectrum)
    fields /= fields.std(axis=(1, 2), keepdims=True)
    pixels = np.einsum("oc,chw->hwo", rng.normal(0, 25, (3, 3)), fields) + rng.uniform(50, 205, 3)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
