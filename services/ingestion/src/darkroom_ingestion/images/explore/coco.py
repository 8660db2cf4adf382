"""Images and their results in the format of the COCO data set. Pure.

Source: https://cocodataset.org/#format-data. `score` and `stage` of annotations are additions, as in COCO's results.
"""

import hashlib
import json
import math
import mimetypes
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from darkroom_ingestion.images.explore.coco_masks import area_and_box
from darkroom_ingestion.images.explore.export import Exported

_BITS = 53
"""Of ids of images: integers that every JSON parser reads exactly."""
_VISIBLE = 2


def number_of(image_id: str) -> int:
    """The id of an image as a number, which COCO's tools need: the same in every export."""
    return int.from_bytes(hashlib.sha256(image_id.encode()).digest()[:8]) >> (64 - _BITS)


def image_entry(exported: Exported) -> dict[str, Any]:
    """The image in `images`. Its size is that of its first result; without results it is unknown."""
    document = exported.document
    located = document["image"] or {}
    extension = mimetypes.guess_extension(located.get("contentType") or "") or ""
    entry = {"id": number_of(document["id"]), "file_name": f"{document['id']}{extension}"}
    for data in exported.data.values():
        match json.loads(data).get("image"):
            case {"width": int(width), "height": int(height)}:
                entry |= {"width": width, "height": height}
                break
    return entry | {"date_captured": document["receivedAt"], "state": document["state"]}


class Annotations:
    """Makes annotations, and collects their categories: the labels of each stage."""

    def __init__(self) -> None:
        self._categories: dict[tuple[str, str], dict[str, Any]] = {}
        self._made = 0

    @property
    def categories(self) -> list[dict[str, Any]]:
        """The entries of `categories`."""
        return list(self._categories.values())

    def of(self, exported: Exported) -> Iterator[dict[str, Any]]:
        """The annotations of an image. Results of types without labels, and with another form, have none."""
        image_number = number_of(exported.document["id"])
        for stage, text in exported.data.items():
            try:
                found = list(_parts(json.loads(text)))
            except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
                continue
            for label, part in found:
                self._made += 1
                category = self._category(stage, label, part.pop("names", None))
                of = {"id": self._made, "image_id": image_number, "category_id": category, "stage": stage}
                yield of | part

    def _category(self, stage: str, label: str, keypoints: Sequence[str] | None) -> int:
        entry = self._categories.setdefault(
            (stage, label), {"id": len(self._categories) + 1, "name": label, "supercategory": stage}
        )
        if keypoints and "keypoints" not in entry:
            entry |= {"keypoints": list(keypoints), "skeleton": []}
        number: int = entry["id"]
        return number


def _parts(result: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The label and the fields of each annotation of a result."""
    predictions = result.get("predictions") or []
    if result.get("outputType", "Classification") == "Classification":
        predictions = predictions[:1]
    for one in predictions:
        yield str(one["label"]), {"score": one["score"], **_box(one), **_mask(one), **_keypoints(one)}
    for one in result.get("classes") or []:
        yield str(one["label"]), {"score": one["fraction"], **_mask(one)}
    anomaly = result.get("anomaly")
    if anomaly and anomaly["anomalous"]:
        yield "anomaly", {"score": anomaly["score"], **_mask(anomaly)}


def _box(part: Mapping[str, Any]) -> dict[str, Any]:
    box = part.get("box")
    if box is None:
        return {}
    x, y, width, height = (box[name] for name in ("x", "y", "width", "height"))
    found = {"bbox": [x, y, width, height], "area": width * height, "iscrowd": 0}
    angle = box.get("angle")
    if angle is None:
        return found
    corners = list(_corners(x, y, width, height, angle))
    left, top = (min(corner[axis] for corner in corners) for axis in (0, 1))
    right, bottom = (max(corner[axis] for corner in corners) for axis in (0, 1))
    polygon = [round(value, 2) for corner in corners for value in corner]
    around = [round(value, 2) for value in (left, top, right - left, bottom - top)]
    return found | {"bbox": around, "segmentation": [polygon]}


def _corners(x: float, y: float, width: float, height: float, angle: float) -> Iterator[tuple[float, float]]:
    """The corners of a box after its rotation about its centre, in degrees, clockwise (y points down)."""
    cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    centre_x, centre_y = x + width / 2, y + height / 2
    for right, down in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        across, along = right * width / 2, down * height / 2
        yield centre_x + across * cosine - along * sine, centre_y + across * sine + along * cosine


def _mask(part: Mapping[str, Any]) -> dict[str, Any]:
    mask = part.get("mask")
    if mask is None:
        return {}
    area, box = area_and_box(mask["counts"], mask["size"][0])
    around = {} if part.get("box") else {"bbox": box}
    return {"segmentation": mask, "area": area, "iscrowd": 0, **around}


def _keypoints(part: Mapping[str, Any]) -> dict[str, Any]:
    points = part.get("keypoints")
    if not points:
        return {}
    names = [point.get("name") or str(number) for number, point in enumerate(points)]
    flat = [value for point in points for value in (point["x"], point["y"], _VISIBLE)]
    return {"keypoints": flat, "num_keypoints": len(points), "names": names}
