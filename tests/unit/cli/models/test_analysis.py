"""A model of every family answers in pixels of the image, with the settings that its file implies."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from darkroom_cli.models.analysis import analyse_files
from darkroom_cli.models.initial import write_manifest
from darkroom_cli.models.settings import prepared
from darkroom_cli.models.source import model_source
from darkroom_cli.views.outcome import outcome
from darkroom_vision.drawing.picture import draw
from tests.support.models.made_families import MADE

DOG = {"x": 44, "y": 54, "width": 40, "height": 20}
"""In an image of twice the size of the input: the made detectors find it at (22, 27), 20 x 10 pixels."""


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    Image.new("RGB", (128, 128), (90, 90, 90)).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def answer(name: str, folder: Path, photo: Path, *, written: bool = False) -> dict[str, Any]:
    """What the made model of that name says, with the settings of its file or of the manifest that init writes."""
    model = MADE[name](folder / "m.onnx")
    if written:
        write_manifest(model, folder / "p.yaml", name=None, samples=(), replace=False)
    (analysed,) = analyse_files(
        prepared(model_source(str(model)), str(folder / "p.yaml") if written else None), [photo]
    )
    assert not analysed.failed, analysed.document
    draw(analysed.content, analysed.document).save(BytesIO(), "PNG")
    return analysed.document


@pytest.mark.parametrize("name", ["detector", "end-to-end", "yolov5", "torchvision", "masks", "pose"])
def test_a_detector_s_box_is_in_pixels_of_the_image(tmp_path: Path, photo: Path, name: str) -> None:
    (found,) = answer(name, tmp_path, photo)["predictions"]
    assert found["score"] == pytest.approx(0.75)
    assert found["box"] == pytest.approx(DOG, abs=1)
    assert found["label"] == ("1" if name == "torchvision" else "dog")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("classifier", "dog 0.750"),
        ("oriented", "1: dog 0.75"),
        ("segmentation", "class map 128x128: car 100 %"),
        ("embedding", "embedding of 128 numbers"),
        ("text", "ab"),
        ("anomaly", "anomalous 0.75"),
    ],
)
def test_the_answer_is_one_line(tmp_path: Path, photo: Path, name: str, said: str) -> None:
    assert outcome(answer(name, tmp_path, photo)) == said


def test_all_labels_of_a_multi_label_model_are_shown(tmp_path: Path, photo: Path) -> None:
    model, manifest = MADE["classifier"](tmp_path / "m.onnx"), tmp_path / "p.yaml"
    write_manifest(model, manifest, name=None, samples=(), replace=False)
    output = "{type: MultiLabel, activation: None, threshold: 0.1}"
    manifest.write_text(f"{manifest.read_text().partition('      output:')[0]}      output: {output}\n")
    (analysed,) = analyse_files(prepared(model_source(str(model)), str(manifest)), [photo])
    assert outcome(analysed.document) == "dog 0.75, cat 0.12, fox 0.12"


@pytest.mark.parametrize("name", MADE)
def test_the_manifest_of_init_gives_the_same_answer(tmp_path: Path, photo: Path, name: str) -> None:
    from_file, from_manifest = answer(name, tmp_path, photo), answer(name, tmp_path, photo, written=True)
    del from_file["timings"], from_manifest["timings"]
    assert from_file == from_manifest
