"""Keypoints: each prediction also has `"keypoints": [{"x", "y", "score"}]`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from darkroom_vision.heads.base import Frame
from darkroom_vision.heads.boxes.candidates import Candidates
from darkroom_vision.heads.boxes.placement import Doubles
from darkroom_vision.heads.json_numbers import shortened
from darkroom_vision.model.session import Value

_PIXEL_DIGITS = 2


@dataclass(frozen=True, slots=True)
class KeypointDetails:
    """Points in pixels of the upright image, clipped to it.

    Attributes:
        numbers: numbers per point: 3 (x, y, score), or 2 without a score.
        names: names of the points; empty if they have none.
        points: the output with the points, (n, K, 3); None if they are in the candidates' `extra`.
        scores: the output with the points' scores, (n, K); None if they are the third numbers.
    """

    numbers: int
    names: tuple[str, ...]
    points: int | None = None
    scores: int | None = None

    def of(self, kept: Candidates, boxes: Doubles, outputs: Sequence[Value], frame: Frame) -> list[dict[str, Any]]:  # noqa: ARG002
        """See `Details.of`."""
        found = kept.extra if self.points is None else np.asarray(outputs[self.points])[kept.rows]
        points = found.reshape(len(kept), -1, self.numbers).astype(np.float64)
        in_image = points[..., :2] * frame.to_image.scale + frame.to_image.offset
        clipped = np.clip(np.nan_to_num(in_image), 0, frame.size).round(_PIXEL_DIGITS)
        scores = self._scores(points, kept, outputs)
        return [
            {
                "keypoints": [
                    ({"name": self.names[k]} if self.names else {})
                    | {"x": x, "y": y}
                    | ({} if scores is None else {"score": scores[i][k]})
                    for k, (x, y) in enumerate(of_box)
                ]
            }
            for i, of_box in enumerate(clipped.tolist())
        ]

    def _scores(self, points: Doubles, kept: Candidates, outputs: Sequence[Value]) -> list[list[float]] | None:
        if self.scores is not None:
            found = np.asarray(outputs[self.scores])[kept.rows].astype(np.float64)
        elif self.numbers > 2:  # noqa: PLR2004 - x and y
            found = points[..., 2]
        else:
            return None
        return [shortened(row) for row in np.nan_to_num(found)]
