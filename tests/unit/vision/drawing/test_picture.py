"""Results are drawn on the upright image at their coordinates, visible on any background."""

import io

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from darkroom_vision.drawing.canvas import color_of
from darkroom_vision.drawing.picture import caption, draw

BOX = {"label": "dog", "index": 1, "score": 0.75, "box": {"x": 100, "y": 120, "width": 80, "height": 60}}


def image(color: tuple[int, int, int], size: tuple[int, int] = (400, 360), orientation: int = 1) -> bytes:
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.new("RGB", size, color).save(file, "PNG", exif=exif)
    return file.getvalue()


def pixels(picture: Image.Image) -> npt.NDArray[np.uint8]:
    return np.asarray(picture)


@pytest.mark.parametrize("background", [(0, 0, 0), (255, 255, 255), color_of(1)])
def test_the_edge_of_a_box_differs_from_any_background(background: tuple[int, int, int]) -> None:
    drawn = pixels(draw(image(background), {"predictions": [BOX]}))
    column = drawn[150, 90:110].astype(int)
    assert np.abs(column - background).sum(1).max() > 250
    inside = drawn[130:170, 110:170]
    assert (inside == background).all()


def test_the_image_is_turned_upright() -> None:
    drawn = draw(image((0, 0, 0), (400, 360), orientation=6), {"predictions": [BOX]})
    assert drawn.size == (360, 400)
    assert pixels(drawn)[150, 98:103].any()


def test_a_rotated_box_is_rotated_clockwise() -> None:
    box = {"x": 150, "y": 195, "width": 100, "height": 10, "angle": 90}
    drawn = pixels(draw(image((0, 0, 0)), {"predictions": [BOX | {"box": box}]}))
    assert drawn[150:250, 195:206].any(axis=(1, 2)).all()
    assert not drawn[195:206, 150:190].any()


def test_a_mask_is_tinted_and_a_keypoint_is_a_dot() -> None:
    mask = np.zeros((360, 400), bool)
    mask[200:250, 200:280] = True
    flat = mask.T.ravel()
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flat]).astype(int)))
    counts = np.diff([0, *edges, flat.size]).tolist()
    found = BOX | {"mask": {"size": [360, 400], "counts": counts}, "keypoints": [{"x": 300, "y": 100, "score": 0.9}]}
    drawn = pixels(draw(image((100, 100, 100)), {"predictions": [found]}))
    assert (drawn[225, 240] != 100).any()
    assert (drawn[225, 300] == 100).all()
    assert tuple(drawn[100, 300]) == color_of(1)


def test_a_label_stays_within_the_image() -> None:
    corner = BOX | {"box": {"x": 390, "y": 0, "width": 10, "height": 10}, "label": "a long name of a class"}
    drawn = pixels(draw(image((0, 0, 0)), {"predictions": [corner]}))
    assert drawn[:, :5].sum() == 0
    assert (drawn[2:12, 250:380] == color_of(1)).all(-1).any()


def test_a_small_image_is_enlarged() -> None:
    assert draw(image((0, 0, 0), (28, 28)), {"predictions": []}).size == (308, 308)


def test_a_line_of_text_stands_below_the_image() -> None:
    drawn = pixels(draw(image((0, 0, 0), (400, 40)), {"text": {"text": "INVOICE 7", "score": 0.9}}))
    assert drawn.shape == (240, 1200, 3)
    assert not drawn[:120].any()
    assert (drawn[120:] == 0).all(-1).any()
    assert (drawn[120:] == 255).all(-1).mean() > 0.8


def test_a_long_text_is_made_smaller() -> None:
    drawn = pixels(draw(image((0, 0, 0), (400, 40)), {"text": {"text": "INVOICE " * 15, "score": 0.9}}))
    assert (drawn[120:, :5] == 255).all()


@pytest.mark.parametrize(
    ("result", "lines"),
    [
        ({"predictions": [{"label": "cat", "index": 0, "score": 0.5}]}, ["cat 0.50"]),
        ({"predictions": [BOX]}, []),
        ({"classes": [{"label": "road", "index": 0, "fraction": 0.43}]}, ["road 43%"]),
        ({"text": {"text": "INVOICE 7", "score": 0.9}}, []),
        ({"anomaly": {"score": 0.75, "anomalous": True}}, ["anomalous 0.75"]),
        ({"embedding": [1.0]}, []),
    ],
)
def test_results_about_the_whole_image_are_a_caption(result: dict[str, object], lines: list[str]) -> None:
    assert [line for line, _ in caption(result)] == lines
    draw(image((0, 0, 0)), result)
