"""Models of Ultralytics: exported by `yolo export`, answered by `yolo predict` with the exported file."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import ultralytics
import yaml
from torch import nn
from ultralytics import RTDETR, YOLO
from ultralytics.engine.predictor import BasePredictor
from ultralytics.engine.results import Results

from scripts.golden.expected import IMAGES, Answer, box, in_image, named, runs, write_expected
from scripts.golden.seeded import calibrate, spread, varied

_NAMES = ["person", "bicycle", "car", "dog"]
_CONFIGURATIONS = Path(ultralytics.__file__).parent / "cfg" / "models"


@dataclass(frozen=True)
class _Model:
    """A model to export.

    Attributes:
        config: file name of its architecture, with the scale: yolo11n.yaml.
        size: (height, width) of the input.
        image: file name of the image.
        arguments: of the export.
    """

    config: str
    size: tuple[int, int] = (64, 96)
    image: str = "wide.png"
    arguments: tuple[str, ...] = ()


MODELS = {
    "yolov8-detect": _Model("yolov8n.yaml"),
    "yolov8-detect-exif": _Model("yolov8n.yaml", image="turned.jpg"),
    "yolo11-detect": _Model("yolo11n.yaml", image="small.png"),
    "yolo11-detect-nms": _Model("yolo11n.yaml", arguments=("nms=True",)),
    "yolov5u-detect": _Model("yolov5n.yaml"),
    "yolo12-detect": _Model("yolo12n.yaml"),
    "yolo11-segment": _Model("yolo11n-seg.yaml"),
    "yolo11-pose": _Model("yolo11n-pose.yaml"),
    "yolo11-obb": _Model("yolo11n-obb.yaml"),
    "yolo11-classify": _Model("yolo11n-cls.yaml", size=(64, 64)),
    "yolov10-detect": _Model("yolov10n.yaml", arguments=("nms=False",)),
    "yolo26-detect": _Model("yolo26n.yaml", image="small.png", arguments=("nms=False",)),
    "yolo26-detect-raw": _Model("yolo26n.yaml"),
    "yolo26-segment": _Model("yolo26n-seg.yaml", arguments=("nms=False",)),
    "yolo26-pose": _Model("yolo26n-pose.yaml", arguments=("nms=False",)),
    "yolo26-obb": _Model("yolo26n-obb.yaml", arguments=("nms=False",)),
    "yolo26-semantic": _Model("yolo26n-sem.yaml"),
    "rtdetr-detect": _Model("rtdetr-l.yaml", size=(160, 160)),
}


def export(name: str, folder: Path) -> None:
    """Export the model `name` with seeded weights to `folder`, with the answer for its image."""
    model = MODELS[name]
    yolo = _seeded(model, folder)
    stem = Path(model.config).stem.replace("yolov5n", "yolov5nu")  # as Ultralytics names its versions of YOLOv5
    os.chdir(folder)
    yolo.save(f"{stem}.pt")
    height, width = model.size
    imgsz = [height, width] if height != width else height
    given = dict(argument.split("=") for argument in model.arguments)
    Path(
        (RTDETR if "rtdetr" in stem else YOLO)(f"{stem}.pt").export(
            format="onnx", imgsz=imgsz, simplify=False, **{key: value == "True" for key, value in given.items()}
        )
    ).rename("model.onnx")
    size = f"{height},{width}" if height != width else str(height)
    command = " ".join([f"yolo export model={stem}.pt format=onnx imgsz={size}", *model.arguments])
    exported = RTDETR("model.onnx") if "rtdetr" in stem else YOLO("model.onnx", task=yolo.task)
    answer = _answer(exported, yolo.task, model.image, imgsz)
    write_expected(folder, f"ultralytics {ultralytics.__version__}", [command], model.image, answer)


def _seeded(model: _Model, folder: Path) -> Any:
    source = next(_CONFIGURATIONS.rglob(_packaged(model.config)))
    described = yaml.safe_load(source.read_text(encoding="utf-8"))
    described["nc"] = 1 if "pose" in model.config else len(_NAMES)
    path = folder / model.config
    path.write_text(yaml.safe_dump(described), encoding="utf-8")
    torch.manual_seed(0)
    kind = RTDETR if "rtdetr" in model.config else YOLO
    yolo, unused = kind(str(path)), kind(str(path))  # a prediction changes the model: it fuses its layers
    yolo.model.names = dict(enumerate(_NAMES[: described["nc"]]))
    with _recorded() as inputs:
        unused.predict(str(IMAGES / model.image), imgsz=model.size, rect=False, verbose=False)
    calibrate(yolo.model, lambda: yolo.model(torch.cat([inputs[-1], varied(model.size)])))
    for layers, mean, std in _last_layers(yolo.model.model[-1]):
        spread(layers, lambda: yolo.model(inputs[-1]), mean, std)
    _shorten_boxes(yolo.model.model[-1])
    return yolo


def _shorten_boxes(head: Any) -> None:
    """Prefer short distances from the cell to the sides of the box: boxes are a few cells wide, not fifteen."""
    bins = getattr(head, "reg_max", 1)
    for prefix in ("", "one2one_"):
        for layers in getattr(head, f"{prefix}cv2", None) or ():
            if bins > 1:
                layers[-1].bias.data -= torch.arange(bins).repeat(4) * 0.6


def _packaged(config: str) -> str:
    """The name of the packaged file, which has no scale, except for v10 and RT-DETR."""
    return config if config.startswith(("yolov10", "rtdetr")) else re.sub(r"^(yolov?\d+)n", r"\1", config)


def _last_layers(head: Any) -> Iterator[tuple[list[nn.Module], float, float]]:
    """The last layers, with the mean and standard deviation that their outputs shall have."""
    for prefix in ("", "one2one_"):
        if getattr(head, f"{prefix}cv3", None) is not None:
            yield [layers[-1] for layers in getattr(head, f"{prefix}cv3")], -4.0 if head.nc > 1 else -2.5, 1.4
            yield [layers[-1] for layers in getattr(head, f"{prefix}cv2")], 1.2, 0.4
        if getattr(head, f"{prefix}cv4", None) is not None:
            last = [layers[-1] for layers in getattr(head, f"{prefix}cv4") if isinstance(layers, nn.Sequential)]
            yield [layer for layer in last if isinstance(layer, nn.Conv2d)], 0.0, 1.0
    if hasattr(head, "dec_score_head"):
        yield [head.enc_score_head, *head.dec_score_head], -4.0, 1.0
        yield [layers.layers[-1] for layers in head.dec_bbox_head], 0.0, 0.3
    if isinstance(getattr(head, "linear", None), nn.Linear):
        yield [head.linear], 0.0, 0.3


@contextmanager
def _recorded() -> Iterator[list[torch.Tensor]]:
    """The input tensors that predictors compute."""
    seen: list[torch.Tensor] = []
    own = BasePredictor.preprocess

    def preprocess(self: Any, images: Any) -> torch.Tensor:
        seen.append(own(self, images))
        return seen[-1]

    BasePredictor.preprocess = preprocess
    try:
        yield seen
    finally:
        BasePredictor.preprocess = own


def _answer(yolo: Any, task: str, image: str, imgsz: Any) -> Answer:
    with _recorded() as seen:
        (found,) = yolo.predict(str(IMAGES / image), imgsz=imgsz, retina_masks=True, verbose=False)
    return Answer(seen[-1].numpy(), in_image(_RESULTS[task](found), found.orig_shape))


def _boxes(found: Results) -> dict[str, Any]:
    return {
        "predictions": [
            named(int(index), found.names, score) | {"box": box(*corners)}
            for corners, score, index in zip(
                found.boxes.xyxy.tolist(), found.boxes.conf.tolist(), found.boxes.cls.tolist(), strict=True
            )
        ]
    }


def _masks(found: Results) -> dict[str, Any]:
    predictions = _boxes(found)["predictions"]
    masks = found.masks.data.numpy() if found.masks is not None else []
    return {"predictions": [one | {"mask": runs(mask)} for one, mask in zip(predictions, masks, strict=True)]}


def _keypoints(found: Results) -> dict[str, Any]:
    points = np.round(found.keypoints.data.numpy(), 3).tolist()
    return {
        "predictions": [
            one | {"keypoints": [{"x": x, "y": y, "score": score} for x, y, score in of_one]}
            for one, of_one in zip(_boxes(found)["predictions"], points, strict=True)
        ]
    }


def _oriented(found: Results) -> dict[str, Any]:
    boxes = zip(found.obb.xywhr.tolist(), found.obb.conf.tolist(), found.obb.cls.tolist(), strict=True)
    return {
        "predictions": [
            named(int(index), found.names, score)
            | {"box": box(x - w / 2, y - h / 2, x + w / 2, y + h / 2) | {"angle": round(float(np.degrees(r)) % 180, 3)}}
            for (x, y, w, h, r), score, index in boxes
        ]
    }


def _classes(found: Results) -> dict[str, Any]:
    scores = found.probs.data.numpy()
    return {"predictions": [named(int(i), found.names, scores[i]) for i in np.argsort(-scores)[:3]]}


def _class_map(found: Results) -> dict[str, Any]:
    classes = found.semantic_mask.data.numpy()
    classes = classes.reshape(classes.shape[-2:])
    return {
        "classes": [
            {
                "label": found.names[index],
                "index": index,
                "fraction": round(float((classes == index).mean()), 6),
                "mask": runs(classes == index),
            }
            for index in np.unique(classes).tolist()
        ]
    }


_RESULTS: dict[str, Callable[[Results], dict[str, Any]]] = {
    "detect": _boxes,
    "segment": _masks,
    "pose": _keypoints,
    "obb": _oriented,
    "classify": _classes,
    "semantic": _class_map,
}
