"""Classifiers of timm, with the transform that timm makes from a model's configuration."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import timm
import torch
from PIL import Image
from timm.data import create_transform, resolve_data_config

from scripts.golden.expected import IMAGES, Answer, named, write_expected
from scripts.golden.seeded import calibrate, spread, varied

_NAMES = ["cat", "dog", "fox", "owl"]


@dataclass(frozen=True)
class _Model:
    """A model to export; its `pretrained_cfg` is the one that timm has for it."""

    name: str
    image: str


MODELS = {
    "timm-convnext": _Model("convnext_atto.d2_in1k", "wide.png"),
    "timm-efficientnet": _Model("tf_efficientnet_b0.ns_jft_in1k", "small.png"),
    "timm-vit": _Model("vit_tiny_patch16_224.augreg_in21k_ft_in1k", "wide.png"),
}


def export(name: str, folder: Path) -> None:
    """Export the model `name` with seeded weights to `folder`, with the answer for its image."""
    chosen = MODELS[name]
    torch.manual_seed(0)
    model = timm.create_model(chosen.name, num_classes=len(_NAMES)).eval()
    transform = create_transform(**resolve_data_config({}, model=model))
    values = transform(Image.open(IMAGES / chosen.image).convert("RGB"))[None]
    calibrate(model, lambda: model(torch.cat([values, varied(values.shape[-2:])])))
    spread([model.get_classifier()], lambda: model(values), 0.0, 0.5)
    torch.onnx.export(
        model,
        values,
        str(folder / "model.onnx"),
        input_names=["image"],
        output_names=["scores"],
        opset_version=17,
        dynamo=False,
    )
    timm.models.save_for_hf(model, folder, model_config={"label_names": _NAMES})
    with torch.no_grad():
        scores = model(values)[0].softmax(0).numpy()
    result = {"predictions": [named(int(i), _NAMES, scores[i]) for i in np.argsort(-scores)[:3]]}
    height, width = values.shape[-2:]
    exported = f'torch.zeros(1, 3, {height}, {width}), "model.onnx", input_names=["image"], output_names=["scores"]'
    commands = [
        f'model = timm.create_model("{chosen.name}").eval()',
        f"torch.onnx.export(model, {exported}, dynamo=False)",
        'timm.models.save_for_hf(model, ".", model_config={"label_names": names})',
    ]
    write_expected(folder, f"timm {timm.__version__}", commands, chosen.image, Answer(values.numpy(), result))
