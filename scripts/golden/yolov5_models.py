"""The first YOLOv5, as packaged by the project yolov5 on PyPI, with its own letterbox, suppression and scaling."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import yolov5
from yolov5.export import export_onnx
from yolov5.models.yolo import DetectionModel
from yolov5.utils.augmentations import letterbox
from yolov5.utils.general import non_max_suppression, scale_boxes

from scripts.golden.expected import IMAGES, Answer, box, in_image, named, write_expected
from scripts.golden.seeded import calibrate, spread, varied

_NAMES = {0: "person", 1: "bicycle", 2: "car", 3: "dog"}
_SIZE = (64, 96)
"""(height, width)."""
MODELS = {"yolov5-detect": "wide.png"}


def export(name: str, folder: Path) -> None:
    """Export YOLOv5n with seeded weights to `folder`, with the answer for its image."""
    torch.manual_seed(0)
    image = cv2.imread(str(IMAGES / MODELS[name]))
    padded = letterbox(image, _SIZE, stride=32, auto=False)[0]
    values = torch.from_numpy(np.ascontiguousarray(padded[:, :, ::-1].transpose(2, 0, 1))[None]).float() / 255
    model: Any = DetectionModel(Path(yolov5.__file__).parent / "models" / "yolov5n.yaml", nc=len(_NAMES))
    model.names = _NAMES
    calibrate(model, lambda: model(torch.cat([values, varied(_SIZE)])))
    for layer in model.model[-1].m:
        layer.bias.data.zero_()
    spread(model.model[-1].m, lambda: model(values), -0.7, 1.2)
    model.eval()
    model.model[-1].inplace, model.model[-1].export = False, True
    export_onnx(model, values, folder / "model.pt", 17, dynamic=False, simplify=False)
    with torch.no_grad():
        (found,) = non_max_suppression(model(values)[0], 0.25, 0.45)
    found[:, :4] = scale_boxes(values.shape[2:], found[:, :4], image.shape)
    result = {
        "predictions": [
            named(int(index), _NAMES, score) | {"box": box(*corners)} for *corners, score, index in found.tolist()
        ]
    }
    command = 'yolov5.export.export_onnx(model, image, Path("model.pt"), 17, dynamic=False, simplify=False)'
    answer = Answer(values.numpy(), in_image(result, image.shape[:2]))
    write_expected(folder, f"yolov5 {version('yolov5')}", [command], MODELS[name], answer)
