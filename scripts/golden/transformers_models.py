"""Models of Hugging Face's Transformers, with their image processors and post-processing."""

import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers as hf
from PIL import Image
from torch import nn

from scripts.golden.expected import IMAGES, Answer, box, class_map, named, write_expected
from scripts.golden.seeded import calibrate, spread, varied

_NAMES = {0: "cat", 1: "dog", 2: "fox", 3: "owl"}
_LABELS = {"id2label": _NAMES, "label2id": {name: index for index, name in _NAMES.items()}}
_THRESHOLD = 0.25
_MOSTLY_NOTHING = 0.5
"""Added to DETR's logit of "no object", so that few objects are found."""
_SMALL = {"hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 96}
_QUERIES = {"d_model": 64, "encoder_layers": 1, "decoder_layers": 2, "encoder_attention_heads": 4}
_QUERIES |= {"decoder_attention_heads": 4, "encoder_ffn_dim": 96, "decoder_ffn_dim": 96}
_RT_DETR = {"encoder_hidden_dim": 64, "encoder_in_channels": [32, 48, 64], "decoder_in_channels": [64, 64, 64]}
_RT_DETR |= {"num_denoising": 0, "anchor_image_size": None, **_QUERIES, **_LABELS}
_BACKBONE = {"embedding_size": 16, "hidden_sizes": [16, 32, 48, 64], "depths": [1, 1, 1, 1], "layer_type": "basic"}

Result = dict[str, Any]


@dataclass(frozen=True)
class _Model:
    """A model to export.

    Attributes:
        model: the name of its class.
        build: makes the model.
        processor: makes its image processor.
        outputs: names of the outputs to export.
        answer: the result, from (processor, the model's outputs, the image's (height, width)).
        last: last layers, with the mean and std that their outputs shall have.
        image: file name of the image.
        is_open: whether the sides of the input are open.
    """

    model: str
    build: Callable[[], Any]
    processor: Callable[[], Any]
    outputs: tuple[str, ...]
    answer: Callable[[Any, Any, tuple[int, int]], Result]
    last: Callable[[Any], list[tuple[list[nn.Module], float, float]]] = lambda _model: []
    image: str = "wide.png"
    is_open: bool = False


def _classes(_processor: Any, outputs: Any, _size: tuple[int, int]) -> Result:
    scores = outputs.logits[0].softmax(0).numpy()
    return {"predictions": [named(int(i), _NAMES, scores[i]) for i in np.argsort(-scores)[:3]]}


def _objects(processor: Any, outputs: Any, size: tuple[int, int]) -> Result:
    (found,) = processor.post_process_object_detection(outputs, threshold=_THRESHOLD, target_sizes=[size])
    objects = zip(found["boxes"].tolist(), found["labels"].tolist(), found["scores"].tolist(), strict=True)
    return {"predictions": [named(label, _NAMES, score) | {"box": box(*corners)} for corners, label, score in objects]}


def _clipped(processor: Any, outputs: Any, size: tuple[int, int]) -> Result:
    """The objects with their boxes cut to the image, as Darkroom gives them."""
    predictions = _objects(processor, outputs, size)["predictions"]
    for one in predictions:
        where = one["box"]
        x1, y1 = max(0, where["x"]), max(0, where["y"])
        x2, y2 = min(size[1], where["x"] + where["width"]), min(size[0], where["y"] + where["height"])
        one["box"] = box(x1, y1, x2, y2)
    return {"predictions": [one for one in predictions if one["box"]["width"] > 0 and one["box"]["height"] > 0]}


def _map(processor: Any, outputs: Any, size: tuple[int, int]) -> Result:
    (found,) = processor.post_process_semantic_segmentation(outputs, target_sizes=[size])
    return class_map(found.numpy(), _NAMES)


def _vector(name: str) -> Callable[[Any, Any, tuple[int, int]], Result]:
    return lambda _processor, outputs, _size: {"embedding": np.round(outputs[name][0].numpy(), 6).tolist()}


def _classifier(model: Any) -> list[tuple[list[nn.Module], float, float]]:
    return [([[module for module in model.modules() if isinstance(module, nn.Linear)][-1]], 0.0, 0.2)]


def _detr(model: Any) -> list[tuple[list[nn.Module], float, float]]:
    return [([model.class_labels_classifier], 0.0, 1.0), ([model.bbox_predictor.layers[-1]], -0.5, 0.8)]


def _sigmoid(model: Any) -> list[tuple[list[nn.Module], float, float]]:
    return [([model.model.enc_score_head, *model.model.decoder.class_embed], -3.2, 1.0)]


def _resnet_backbone(**more: Any) -> Any:
    return hf.RTDetrResNetConfig(**_BACKBONE, out_features=["stage2", "stage3", "stage4"], **more)


MODELS = {
    "hf-vit": _Model(
        "ViTForImageClassification",
        lambda: hf.ViTForImageClassification(hf.ViTConfig(**_SMALL, **_LABELS)),
        hf.ViTImageProcessor,
        ("logits",),
        _classes,
        _classifier,
    ),
    "hf-resnet": _Model(
        "ResNetForImageClassification",
        lambda: hf.ResNetForImageClassification(hf.ResNetConfig(**_BACKBONE, **_LABELS)),
        lambda: hf.ConvNextImageProcessor(size={"shortest_edge": 224}, crop_pct=0.875),
        ("logits",),
        _classes,
        _classifier,
        image="small.png",
    ),
    "hf-detr": _Model(
        "DetrForObjectDetection",
        lambda: hf.DetrForObjectDetection(
            hf.DetrConfig(
                backbone_config=hf.ResNetConfig(**_BACKBONE, out_features=["stage4"]),
                use_timm_backbone=False,
                use_pretrained_backbone=False,
                backbone=None,
                **_QUERIES,
                **_LABELS,
            )
        ),
        lambda: hf.DetrImageProcessor(size={"shortest_edge": 160, "longest_edge": 266}),
        ("logits", "pred_boxes"),
        _clipped,
        _detr,
        is_open=True,
    ),
    "hf-rt-detr": _Model(
        "RTDetrForObjectDetection",
        lambda: hf.RTDetrForObjectDetection(
            hf.RTDetrConfig(
                backbone_config=_resnet_backbone(),
                use_timm_backbone=False,
                use_pretrained_backbone=False,
                backbone=None,
                **_RT_DETR,
            )
        ),
        lambda: hf.RTDetrImageProcessor(size={"height": 160, "width": 160}),
        ("logits", "pred_boxes"),
        _clipped,
        _sigmoid,
    ),
    "hf-d-fine": _Model(
        "DFineForObjectDetection",
        lambda: hf.DFineForObjectDetection(
            hf.DFineConfig(
                backbone_config=_resnet_backbone(),
                **_RT_DETR,
            )
        ),
        lambda: hf.RTDetrImageProcessor(size={"height": 160, "width": 160}),
        ("logits", "pred_boxes"),
        _clipped,
        _sigmoid,
    ),
    "hf-segformer": _Model(
        "SegformerForSemanticSegmentation",
        lambda: hf.SegformerForSemanticSegmentation(
            hf.SegformerConfig(hidden_sizes=[16, 32, 48, 64], depths=[1, 1, 1, 1], decoder_hidden_size=32, **_LABELS)
        ),
        lambda: hf.SegformerImageProcessor(size={"height": 128, "width": 128}),
        ("logits",),
        _map,
        lambda model: [([model.decode_head.classifier], 0.0, 1.0)],
    ),
    "hf-clip": _Model(
        "CLIPVisionModelWithProjection",
        lambda: hf.CLIPVisionModelWithProjection(hf.CLIPVisionConfig(**_SMALL, projection_dim=64)),
        hf.CLIPImageProcessor,
        ("image_embeds",),
        _vector("image_embeds"),
    ),
    "hf-dinov2": _Model(
        "Dinov2Model",
        lambda: hf.Dinov2Model(hf.Dinov2Config(**_SMALL, image_size=224)),
        lambda: hf.BitImageProcessor(
            size={"shortest_edge": 256},
            crop_size={"height": 224, "width": 224},
            image_mean=[0.485, 0.456, 0.406],
            image_std=[0.229, 0.224, 0.225],
        ),
        ("last_hidden_state", "pooler_output"),
        _vector("pooler_output"),
        image="small.png",
    ),
}


def export(name: str, folder: Path) -> None:
    """Export the model `name` with seeded weights to `folder`, with the answer for its image."""
    chosen = MODELS[name]
    torch.manual_seed(0)
    model, processor = chosen.build().eval(), chosen.processor()
    image = Image.open(IMAGES / chosen.image).convert("RGB")
    values = processor(images=image, return_tensors="pt")["pixel_values"]
    calibrate(model, lambda: model(torch.cat([values, varied(values.shape[-2:])])))
    for layers, mean, std in chosen.last(model):
        spread(layers, lambda: model(values), mean, std)
    if name == "hf-detr":
        model.class_labels_classifier.bias.data[-1] += _MOSTLY_NOTHING
    _write(model, values, folder, chosen)
    processor.save_pretrained(folder)
    model.config.save_pretrained(folder)
    with torch.no_grad():
        result = chosen.answer(processor, model(values), image.size[::-1])
    outputs = f'input_names=["pixel_values"], output_names={json.dumps(list(chosen.outputs))}'
    commands = [
        f"model = transformers.{chosen.model}(config).eval()",
        f'torch.onnx.export(model, pixel_values, "model.onnx", {outputs}, dynamo=False)',
        'processor.save_pretrained("."); model.config.save_pretrained(".")',
    ]
    write_expected(folder, f"transformers {hf.__version__}", commands, chosen.image, Answer(values.numpy(), result))


def _write(model: nn.Module, values: torch.Tensor, folder: Path, chosen: _Model) -> None:
    class Outputs(nn.Module):
        """The outputs as a tuple."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, pixel_values: torch.Tensor) -> tuple[torch.Tensor, ...]:
            """The outputs to export."""
            found = self.model(pixel_values=pixel_values)
            return tuple(found[output] for output in chosen.outputs)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Outputs().eval(),
            (values,),
            str(folder / "model.onnx"),
            input_names=["pixel_values"],
            output_names=list(chosen.outputs),
            dynamic_axes={"pixel_values": {2: "height", 3: "width"}} if chosen.is_open else None,
            opset_version=17,
            dynamo=False,
        )
