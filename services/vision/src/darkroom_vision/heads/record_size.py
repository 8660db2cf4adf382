"""Limiting results to the size of a record: what does not fit is left out, least important first.

Predictions are dropped from the lowest score up; the first one always stays. Of a class map, the masks of the smallest
classes are dropped, and of an anomaly, its mask. `dropped` in the result counts them. Other results are never cut.
"""

import json
from collections.abc import Mapping
from typing import Any

from darkroom_vision.heads.base import Result

_ROOM_BYTES = 4_096
"""Reserved for the rest of the event and the record's headers."""
_PREDICTION_BYTES, _KEYPOINT_BYTES, _CHARACTER_BYTES = 400, 800, 6
"""Upper bounds for a prediction or keypoint without its names, and for one character of a name."""


def fitted(result: Result, max_bytes: int | None) -> Result:
    """`result`, with predictions or masks left out until its event has at most `max_bytes`. None: no limit."""
    if max_bytes is None:
        return result
    room = max(0, max_bytes - _ROOM_BYTES)
    predictions: list[dict[str, Any]] = result.get("predictions") or []
    if predictions:
        kept = max(1, _how_many_fit(predictions, room))
        if kept < len(predictions):
            return {**result, "predictions": predictions[:kept], "dropped": len(predictions) - kept}
    if (classes := result.get("classes")) is not None:
        return _with_masks_that_fit(result, classes, room)
    anomaly: dict[str, Any] = result.get("anomaly") or {}
    if "mask" in anomaly and _size(anomaly) > room:
        return {"anomaly": {name: value for name, value in anomaly.items() if name != "mask"}, "dropped": 1}
    return result


def _how_many_fit(predictions: list[dict[str, Any]], room: int) -> int:
    if sum(map(_at_most, predictions)) <= room:
        return len(predictions)
    for count, prediction in enumerate(predictions):
        room -= _size(prediction)
        if room < 0:
            return count
    return len(predictions)


def _with_masks_that_fit(result: Result, classes: list[dict[str, Any]], room: int) -> Result:
    room -= sum(_size({**one, "mask": None}) for one in classes)
    kept, dropped = [], 0
    for one in classes:
        room -= _size(one["mask"])
        if room < 0:
            dropped += 1
        kept.append(one if room >= 0 else {name: value for name, value in one.items() if name != "mask"})
    return {**result, "classes": kept, "dropped": dropped} if dropped else result


def _at_most(prediction: Mapping[str, Any]) -> int:
    """A fast upper bound of `_size`."""
    bytes_without_details = _PREDICTION_BYTES + _CHARACTER_BYTES * len(prediction["label"])
    if "box" not in prediction:
        return bytes_without_details
    return (
        bytes_without_details
        + 2 * len(prediction.get("mask", {}).get("counts", ""))  # a backslash is escaped in JSON
        + _KEYPOINT_BYTES * len(prediction.get("keypoints", ()))
    )


def _size(value: Mapping[str, Any]) -> int:
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()) + 1
