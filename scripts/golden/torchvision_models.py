"""Models of torchvision, exported by `torch.onnx.export`, with the presets and the post-processing of torchvision."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torchvision
from PIL import Image
from torch import nn
from torch.nn.functional import interpolate
from torchvision.models import detection, mobilenet_v3_small, resnet18, segmentation
from torchvision.transforms import functional
from torchvision.transforms._presets import ImageClassification, ObjectDetection, SemanticSegmentation

from scripts.golden.expected import IMAGES, Answer, box, class_map, named, write_expected
from scripts.golden.seeded import calibrate, spread, varied

_NAMES = ("background", "cat", "dog", "fox", "owl")
_THRESHOLD = 0.25
_MOSTLY_BACKGROUND = 4.0
"""Added to the logit of the background, so that few objects are found."""
_UNTRAINED = {"weights": None, "weights_backbone": None, "num_classes": len(_NAMES)}


@dataclass(frozen=True)
class _Model:
    """A model to export.

    Attributes:
        build: makes it.
        call: what makes it, for the list of commands.
        size: (height, width) of the input; None if it is open.
    """

    build: Callable[[], nn.Module]
    call: str
    size: tuple[int, int] | None
    image: str = "wide.png"


MODELS = {
    "torchvision-resnet": _Model(lambda: resnet18(num_classes=5), "resnet18()", (224, 224)),
    "torchvision-mobilenet": _Model(lambda: mobilenet_v3_small(num_classes=5), "mobilenet_v3_small()", (224, 224)),
    "torchvision-faster-rcnn": _Model(
        lambda: detection.fasterrcnn_mobilenet_v3_large_320_fpn(**_UNTRAINED),
        "detection.fasterrcnn_mobilenet_v3_large_320_fpn()",
        None,
    ),
    "torchvision-ssdlite": _Model(
        lambda: detection.ssdlite320_mobilenet_v3_large(**_UNTRAINED),
        "detection.ssdlite320_mobilenet_v3_large()",
        None,
    ),
    "torchvision-deeplab": _Model(
        lambda: segmentation.deeplabv3_mobilenet_v3_large(**_UNTRAINED),
        "segmentation.deeplabv3_mobilenet_v3_large()",
        (48, 64),
    ),
    "torchvision-lraspp": _Model(
        lambda: segmentation.lraspp_mobilenet_v3_large(**_UNTRAINED),
        "segmentation.lraspp_mobilenet_v3_large()",
        (48, 64),
        "small.png",
    ),
}


def export(name: str, folder: Path) -> None:
    """Export the model `name` with seeded weights to `folder`, with the answer for its image."""
    chosen = MODELS[name]
    torch.manual_seed(0)
    model = chosen.build().eval()
    image = Image.open(IMAGES / chosen.image).convert("RGB")
    (folder / "labels.txt").write_text("\n".join(_NAMES) + "\n", encoding="utf-8")
    if chosen.size is None:
        values, result = _detector(model, image, folder)
        arguments = '["boxes", "labels", "scores"], dynamic_axes={"image": {1: "height", 2: "width"}}'
    elif isinstance(model, segmentation.deeplabv3._SimpleSegmentationModel | segmentation.LRASPP):  # noqa: SLF001
        values, result = _segmenter(model, image, folder, chosen.size)
        arguments = '["out"]'
    else:
        values, result = _classifier(model, image, folder, chosen.size)
        arguments = '["scores"]'
    shape = "3, height, width" if chosen.size is None else f"1, 3, {chosen.size[0]}, {chosen.size[1]}"
    exported = f'torch.zeros({shape}), "model.onnx", input_names=["image"], output_names={arguments}'
    commands = [
        f"model = torchvision.models.{chosen.call}.eval()",
        f"torch.onnx.export(model, {exported}, dynamo=False)",
    ]
    write_expected(
        folder, f"torchvision {torchvision.__version__}", commands, chosen.image, Answer(values.numpy(), result)
    )


def _classifier(model: nn.Module, image: Image.Image, folder: Path, size: tuple[int, int]) -> Any:
    values = ImageClassification(crop_size=size[0])(image)[None]
    run = lambda: model(values)  # noqa: E731
    calibrate(model, lambda: model(torch.cat([values, varied(size)])))
    spread([module for module in model.modules() if isinstance(module, nn.Linear)][-1:], run, 0.0, 0.5)
    _write(model, values, folder, ["scores"])
    with torch.no_grad():
        scores = run()[0].softmax(0).numpy()
    return values, {"predictions": [named(int(i), _NAMES, scores[i]) for i in np.argsort(-scores)[:3]]}


def _segmenter(model: nn.Module, image: Image.Image, folder: Path, size: tuple[int, int]) -> Any:
    values = SemanticSegmentation(resize_size=None)(functional.resize(image, list(size)))[None]
    calibrate(model, lambda: model(torch.cat([values, varied(size)])))

    out = _Out(model)
    _write(out, values, folder, ["out"])
    with torch.no_grad():
        classes = interpolate(out(values), image.size[::-1], mode="bilinear").argmax(1)[0].numpy()
    return values, class_map(classes, _NAMES)


class _Out(nn.Module):
    """The output that torchvision's documentation uses."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """The logits (n, classes, height, width)."""
        found: torch.Tensor = self.model(images)["out"]
        return found


def _detector(model: nn.Module, image: Image.Image, folder: Path) -> Any:
    values = ObjectDetection()(image)
    varied_images = list(varied((160, 240)))
    calibrate(model, lambda: model([values, *varied_images]))
    for layers, mean, std in _last_layers(model):
        spread(layers, lambda: model([values]), mean, std)
    for layer in _last_layers(model)[-2][0]:
        layer.bias.data[:: len(_NAMES)] += _MOSTLY_BACKGROUND
    _write(model, (values,), folder, ["boxes", "labels", "scores"])
    with torch.no_grad():
        (found,) = model([values])
    objects = zip(found["boxes"].tolist(), found["labels"].tolist(), found["scores"].tolist(), strict=True)
    names = _NAMES[1:]
    return values, {
        "predictions": [
            named(label - 1, names, score) | {"box": box(*corners)}
            for corners, label, score in objects
            if score >= _THRESHOLD
        ]
    }


def _last_layers(model: Any) -> list[tuple[list[nn.Module], float, float]]:
    if isinstance(model, detection.FasterRCNN):
        predictor = model.roi_heads.box_predictor
        return [
            ([model.rpn.head.cls_logits], 0.0, 1.0),
            ([model.rpn.head.bbox_pred], 0.0, 0.3),
            ([predictor.cls_score], 0.0, 1.0),
            ([predictor.bbox_pred], 0.0, 0.5),
        ]
    scores = [layers[-1] for layers in model.head.classification_head.module_list]
    boxes = [layers[-1] for layers in model.head.regression_head.module_list]
    return [(scores, 0.0, 1.0), (boxes, 0.0, 0.5)]


def _write(model: nn.Module, values: Any, folder: Path, outputs: list[str]) -> None:
    fixed = outputs != ["boxes", "labels", "scores"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model.eval(),
            values if fixed else ([values[0]],),
            str(folder / "model.onnx"),
            input_names=["image"],
            output_names=outputs,
            dynamic_axes=None if fixed else {"image": {1: "height", 2: "width"}},
            opset_version=17,
            dynamo=False,
        )
