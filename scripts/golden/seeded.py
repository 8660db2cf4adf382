"""Random weights whose outputs look like those of a trained model: a few objects in an image."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import nn

from scripts.golden.expected import IMAGES

_GREY = (114, 114, 114)


def varied(size: tuple[int, int], count: int = 24) -> torch.Tensor:
    """Parts of the golden images with grey borders: (count, 3, height, width) from 0 to 1; `size` = (height, width)."""
    chance = np.random.default_rng(0)
    images = [Image.open(path).convert("RGB") for path in sorted(IMAGES.iterdir())]
    pictures = []
    for i in range(count):
        image = images[i % len(images)]
        corners = np.concatenate([chance.uniform(-0.2, 0.3, 2), chance.uniform(0.7, 1.2, 2)]) * (
            *image.size,
            *image.size,
        )
        pictures.append(np.asarray(ImageOps.pad(image.crop(tuple(corners)), size[::-1], color=_GREY)))
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255


def calibrate(model: nn.Module, run: Callable[[], Any]) -> None:
    """Set the statistics of all batch normalisations to those in `run`, so that activations keep their range."""
    norms = [module for module in model.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]  # noqa: SLF001
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum, norm.training = None, True
    with torch.no_grad():
        run()
    for norm in norms:
        norm.eval()


def spread(layers: Iterable[nn.Module], run: Callable[[], Any], mean: float, std: float) -> None:
    """Scale the weights of `layers`, convolutions or linear, so that their outputs have this mean and std.

    Args:
        layers: last layers of a model.
        run: runs the model on the image whose answer is wanted.
        mean: of the outputs of each layer.
        std: of the same.
    """
    for layer in layers:
        seen: list[torch.Tensor] = []
        hook = layer.register_forward_hook(lambda _layer, _inputs, output, seen=seen: seen.append(output.flatten()))
        with torch.no_grad():
            run()
            hook.remove()
            if not seen:  # used in training only
                continue
            values = torch.cat(seen)
            scale = std / max(float(values.std()), 1e-6)
            layer.weight.mul_(scale)
            if layer.bias is not None:
                layer.bias.mul_(scale).add_(mean - float(values.mean()) * scale)
