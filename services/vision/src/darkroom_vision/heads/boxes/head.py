"""Detection: `{"predictions": [{"label", "index", "score", "box"}]}`; other types add to each prediction."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from darkroom_vision.heads.base import Frame, Result, label_of, outputs_of
from darkroom_vision.heads.boxes.candidates import Candidates, Decoder
from darkroom_vision.heads.boxes.placement import Doubles, in_image, oriented_in_image
from darkroom_vision.heads.boxes.suppression import Suppression
from darkroom_vision.heads.json_numbers import shortened
from darkroom_vision.model.session import Value

PIXEL_DIGITS = 2
"""Coordinates are rounded to a hundredth of a pixel."""


class Details(Protocol):
    """The fields that an output type adds to each prediction."""

    def of(self, kept: Candidates, boxes: Doubles, outputs: Sequence[Value], frame: Frame) -> list[dict[str, Any]]:
        """The additional fields of each prediction. `boxes`: (n, 4) x1 y1 x2 y2 in pixels of the image."""
        ...


@dataclass(frozen=True, slots=True)
class BoxesHead:
    """Upright boxes in pixels of the upright image, clipped to it, highest score first."""

    decoder: Decoder
    labels: tuple[str, ...]
    suppression: Suppression
    details: Details | None = None

    def results(self, outputs: Sequence[Value], frames: Sequence[Frame]) -> list[Result]:
        """See `Head.results`."""
        return [self._result(outputs_of(outputs, i, len(frames)), frame) for i, frame in enumerate(frames)]

    def _result(self, outputs: Sequence[Value], frame: Frame) -> Result:
        kept = self.suppression.kept(self.decoder.decode(outputs, frame))
        boxes, visible = in_image(kept.boxes, frame)
        kept = kept.take(visible)
        sizes = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1).round(PIXEL_DIGITS)
        predictions = [
            prediction | {"box": {"x": x, "y": y, "width": width, "height": height}}
            for prediction, (x, y, width, height) in zip(_named(kept, self.labels), sizes.tolist(), strict=True)
        ]
        if self.details is not None:
            more = self.details.of(kept, boxes, outputs, frame)
            predictions = [prediction | fields for prediction, fields in zip(predictions, more, strict=True)]
        return {"predictions": predictions}


@dataclass(frozen=True, slots=True)
class OrientedBoxesHead:
    """Rotated boxes: `box` also has `angle`, in degrees from 0 to 180, clockwise about the centre of the box."""

    decoder: Decoder
    labels: tuple[str, ...]
    suppression: Suppression

    def results(self, outputs: Sequence[Value], frames: Sequence[Frame]) -> list[Result]:
        """See `Head.results`."""
        return [self._result(outputs_of(outputs, i, len(frames)), frame) for i, frame in enumerate(frames)]

    def _result(self, outputs: Sequence[Value], frame: Frame) -> Result:
        kept = self.suppression.kept_oriented(self.decoder.decode(outputs, frame))
        boxes, visible = oriented_in_image(kept.boxes, kept.extra[:, 0], frame)
        boxes[:, :2] -= boxes[:, 2:4] / 2
        return {
            "predictions": [
                prediction | {"box": {"x": x, "y": y, "width": width, "height": height, "angle": angle}}
                for prediction, (x, y, width, height, angle) in zip(
                    _named(kept.take(visible), self.labels), boxes.round(PIXEL_DIGITS).tolist(), strict=True
                )
            ]
        }


def _named(kept: Candidates, labels: tuple[str, ...]) -> list[dict[str, Any]]:
    scores = shortened(kept.scores.astype(np.float64))
    return [
        {"label": label_of(labels, index), "index": index, "score": score}
        for index, score in zip(kept.classes.tolist(), scores, strict=True)
    ]
