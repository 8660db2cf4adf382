"""Pre-processing and decoding of PaddleOCR's models, compared with RapidOCR's for a page of text.

`scripts/golden/rapid_ocr.py` recorded RapidOCR's answers, and compares the whole models.
"""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from darkroom.api.input import Input
from darkroom.api.output import Output
from darkroom_vision.heads.base import Frame
from darkroom_vision.heads.choose import choose_head
from darkroom_vision.heads.trial import Trial
from darkroom_vision.imaging.decode import decode
from darkroom_vision.model.input import resolve_input
from darkroom_vision.model.session import Port
from darkroom_vision.preprocess import Preprocessor

FOLDER = Path(__file__).parents[3] / "golden/rapidocr"
PAGE = FOLDER / "page.png"
RECORDED: dict[str, Any] = json.loads((FOLDER / "answers.json").read_text(encoding="utf-8"))


def written(spec: dict[str, Any], shape: tuple[int | None, ...], image: bytes) -> tuple[npt.NDArray[Any], Frame]:
    """The model input that a stage with `input: spec` writes, and the frame of the image."""
    settings = resolve_input("file:x", Input.model_validate(spec), (Port("x", "tensor(float)", shape),))
    preprocessor = Preprocessor.of(settings)
    pixels = decode(image, preprocessor.colors).pixels
    size = (pixels.shape[1], pixels.shape[0])
    fitting = preprocessor.fit(size)
    target = preprocessor.empty_input(fitting.target)
    to_image = preprocessor.write(pixels, fitting, target)
    return preprocessor.feeds(target, fitting)["x"], Frame(size, to_image, fitting.target)


def assert_same_input(tensor: npt.NDArray[Any], expected: dict[str, Any], tolerance: float) -> None:
    assert list(tensor.shape) == expected["shape"]
    flat, values = tensor.ravel(), expected["values"]
    np.testing.assert_allclose(flat[np.linspace(0, flat.size - 1, len(values)).astype(int)], values, atol=tolerance)


def test_a_page_becomes_rapid_ocrs_input_and_its_probabilities_rapid_ocrs_boxes() -> None:
    recorded = RECORDED["detection"]
    tensor, frame = written(recorded["stage"]["input"], (None, 3, None, None), PAGE.read_bytes())
    assert_same_input(tensor, recorded["input"], 1e-4)
    levels = cv2.imread(str(FOLDER / "probabilities.png"), cv2.IMREAD_GRAYSCALE)
    assert levels is not None
    outputs = [levels[None, None].astype(np.float32) / 255]
    trial = Trial("file:x", [Port("maps", "tensor(float)", ())], outputs, input_size=frame.input_size)
    head = choose_head(trial, Output.model_validate(recorded["stage"]["output"]), None)
    (found,) = head.results(outputs, [frame])

    boxes = [corners(prediction["box"]) for prediction in found["predictions"]]
    assert len(boxes) == len(recorded["boxes"]) == 5
    # RapidOCR rounds corners to whole pixels, and puts the centre of the first pixel at 0, not at 0.5.
    for expected in recorded["boxes"]:
        assert min(largest_distance(np.array(expected), box) for box in boxes) < 2
    scores = [prediction["score"] for prediction in found["predictions"]]
    assert scores == pytest.approx(sorted(recorded["scores"], reverse=True), abs=1e-3)


@pytest.mark.parametrize("recorded", RECORDED["lines"], ids=[line["text"] for line in RECORDED["lines"]])
def test_a_line_becomes_rapid_ocrs_input_and_its_probabilities_rapid_ocrs_text(recorded: dict[str, Any]) -> None:
    page = cv2.imread(str(PAGE))
    assert page is not None
    left, top = recorded["box"]
    width, height = recorded["size"]
    line = cv2.imencode(".png", page[top : top + height, left : left + width])[1].tobytes()
    tensor, frame = written(recorded["stage"]["input"], (None, 3, 48, None), line)
    # RapidOCR pads with 0 after normalisation, which is no pixel value: 128 becomes 0.004.
    assert_same_input(tensor, recorded["input"], 0.004)

    alphabet = sorted(map(int, recorded["characters"]))
    table = np.zeros((1, len(recorded["classes"]), len(alphabet) + 1), np.float32)
    for step, (index, probability) in enumerate(zip(recorded["classes"], recorded["probabilities"], strict=True)):
        best = alphabet.index(index) + 1 if index else 0
        table[0, step] = (1 - probability) / len(alphabet)
        table[0, step, best] = probability
    labels = [recorded["characters"][str(index)] for index in alphabet]
    trial = Trial("file:x", [Port("steps", "tensor(float)", ())], [table], input_size=frame.input_size)
    head = choose_head(trial, Output.model_validate({"type": "Text", "format": "Ctc"}), labels)
    (found,) = head.results([table], [frame])
    assert found == {"text": {"text": recorded["text"], "score": pytest.approx(recorded["score"], abs=1e-3)}}


def corners(box: dict[str, float]) -> npt.NDArray[Any]:
    """(4, 2): the corners of an oriented box."""
    centre = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    return np.asarray(cv2.boxPoints((centre, (box["width"], box["height"]), box["angle"])))


def largest_distance(expected: npt.NDArray[Any], found: npt.NDArray[Any]) -> float:
    """In pixels, from each corner to the nearest corner of the other box."""
    return max(float(min(np.abs(corner - candidate).max() for candidate in found)) for corner in expected)
