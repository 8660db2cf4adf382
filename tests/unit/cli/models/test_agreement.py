"""Two results agree from 0 to 1."""

from typing import Any

import pytest

from darkroom_cli.models.agreement import agreement, overlap


def box(x: float, label: str = "dog") -> dict[str, Any]:
    return {"label": label, "score": 0.5, "box": {"x": x, "y": 0, "width": 10, "height": 10}}


@pytest.mark.parametrize(
    ("expected", "found", "value"),
    [
        ({"predictions": [{"label": "a"}]}, {"predictions": [{"label": "a"}]}, 1),
        ({"predictions": [{"label": "a"}]}, {"predictions": [{"label": "b"}]}, 0),
        ({"predictions": []}, {"predictions": []}, 1),
        ({"predictions": [box(0)]}, {"predictions": []}, 0),
        ({"predictions": [box(0)]}, {"predictions": [box(2)]}, 1),
        ({"predictions": [box(0)]}, {"predictions": [box(6)]}, 0),
        ({"predictions": [box(0)]}, {"predictions": [box(0, "cat")]}, 0),
        ({"predictions": [box(0), box(50)]}, {"predictions": [box(0)]}, 2 / 3),
        ({"predictions": [box(0)]}, {"predictions": [box(0), box(0)]}, 2 / 3),
        (
            {"classes": [{"label": "a", "fraction": 0.75}, {"label": "b", "fraction": 0.25}]},
            {"classes": [{"label": "a", "fraction": 0.5}, {"label": "c", "fraction": 0.5}]},
            0.5,
        ),
        ({"text": {"text": "abcd"}}, {"text": {"text": "abcd"}}, 1),
        ({"text": {"text": "abcd"}}, {"text": {"text": "abxy"}}, 0.5),
        ({"anomaly": {"score": 0.75}}, {"anomaly": {"score": 0.5}}, 0.75),
        ({"embedding": [1.0, 0.0]}, {"embedding": [2.0, 0.0]}, 1),
        ({"embedding": [1.0, 0.0]}, {"embedding": [0.0, 1.0]}, 0),
        ({"tensor": {"data": [0, 0]}}, {"tensor": {"data": [0, 0]}}, 1),
        ({"tensor": {"data": [1, 1]}}, {"tensor": {"data": [1]}}, 0),
    ],
)
def test_agreement(expected: dict[str, Any], found: dict[str, Any], value: float) -> None:
    assert agreement(expected, found) == pytest.approx(value)


def test_boxes_without_an_area_do_not_overlap() -> None:
    point = {"x": 1, "y": 1, "width": 0, "height": 0}
    assert overlap(point, point) == 0
