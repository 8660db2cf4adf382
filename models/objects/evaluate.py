"""Accuracy of the detector on held-out scenes: average precision by pycocotools, and counts at one threshold."""

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from darkroom_vision.analyse import Analysis
from models.objects.pictures import LABELS
from models.objects.scenes import Scene

LEAST_OVERLAP = 0.5


@dataclass(frozen=True)
class Precision:
    """Average precision at an overlap of 0.5, its mean over 0.5 to 0.95, and the former for each class."""

    at_50: float
    at_50_to_95: float
    of_labels: dict[str, float]


def precision(scenes: Sequence[Scene], analyses: Sequence[Analysis]) -> Precision:
    """Of `analyses` of `scenes`, made with a threshold near 0."""
    truth = COCO()
    truth.dataset = {
        "info": {},
        "images": [
            {"id": i, "width": scene.image.width, "height": scene.image.height} for i, scene in enumerate(scenes)
        ],
        "categories": [{"id": i, "name": label} for i, label in enumerate(LABELS)],
        "annotations": [],
    }
    for i, scene in enumerate(scenes):
        for (x1, y1, x2, y2), label in zip(scene.boxes.tolist(), scene.labels.tolist(), strict=True):
            box = [x1, y1, x2 - x1, y2 - y1]
            annotations = truth.dataset["annotations"]
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": i,
                    "category_id": label,
                    "bbox": box,
                    "area": box[2] * box[3],
                    "iscrowd": 0,
                }
            )
    found = [
        {
            "image_id": i,
            "category_id": prediction["index"],
            "bbox": [prediction["box"][key] for key in ("x", "y", "width", "height")],
            "score": prediction["score"],
        }
        for i, analysis in enumerate(analyses)
        for prediction in analysis.result["predictions"]
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(found), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    # (overlaps, recalls, classes, areas, detections): overlap 0.5, all areas, 100 detections.
    by_label = evaluation.eval["precision"][0, :, :, 0, 2]
    return Precision(
        float(evaluation.stats[1]),
        float(evaluation.stats[0]),
        {label: float(np.mean(by_label[:, i])) for i, label in enumerate(LABELS)},
    )


def found_and_right(scenes: Sequence[Scene], analyses: Sequence[Analysis], threshold: float) -> tuple[float, float]:
    """The shares of objects that are found, and of boxes that are right: the class of an object and its place."""
    right = objects = boxes = 0
    for scene, analysis in zip(scenes, analyses, strict=True):
        left = list(zip(scene.boxes.tolist(), scene.labels.tolist(), strict=True))
        objects += len(left)
        for prediction in analysis.result["predictions"]:  # the highest score first
            if prediction["score"] < threshold:
                continue
            boxes += 1
            x, y, width, height = (prediction["box"][key] for key in ("x", "y", "width", "height"))
            for one in left:
                if one[1] == prediction["index"] and _overlap((x, y, x + width, y + height), one[0]) >= LEAST_OVERLAP:
                    left.remove(one)
                    right += 1
                    break
    return right / objects, right / boxes


def _overlap(first: Sequence[float], second: Sequence[float]) -> float:
    """Intersection over union of two boxes x1 y1 x2 y2."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    common = max(0.0, width) * max(0.0, height)
    return common / (sum((b[2] - b[0]) * (b[3] - b[1]) for b in (first, second)) - common)
