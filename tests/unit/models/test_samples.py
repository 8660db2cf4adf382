"""The samples objects and text: the models answer right on their pictures, and fit where they are shipped."""

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from darkroom_cli.manifests.bundle import load_bundle
from darkroom_cli.models.initial import write_manifest
from darkroom_vision.analyse import Analyser, Analysis, prepare
from darkroom_vision.model.session import load_model
from tests.support.documents import ROOT

SAMPLES = ROOT / "k8s" / "samples"
LARGEST_ANNOTATION = 256 * 1024
"""`kubectl apply` copies a manifest as JSON into an annotation, which Kubernetes limits to this many bytes."""


OBJECTS = {
    "scene-01-animal-animal.jpg": "animal flower",
    "scene-02-animal-fruit-fruit.jpg": "animal fruit fruit",
    "scene-03-animal-fruit.jpg": "animal fruit",
    "scene-04-animal-animal-fruit-vehicle.jpg": "animal flower vehicle",
    "scene-05-animal-animal-fruit.jpg": "animal fruit",
    "scene-06-animal-vehicle.jpg": "animal vehicle",
    "scene-07-vehicle-vehicle.jpg": "animal",
    "scene-08-flower-flower.jpg": "flower",
    "scene-09-flower-flower.jpg": "fruit",
    "scene-10-animal-animal-flower.jpg": "animal animal flower",
    "scene-11-animal-animal.jpg": "animal animal",
    "scene-12-flower-flower-vehicle.jpg": "animal vehicle",
}
TEXTS = {
    "line-01-invoice.jpg": "Invoice 2026-0417",
    "line-02-total.jpg": "Total EUR 1,284.50",
    "line-03-date.jpg": "14.07.2026 16:35",
    "line-04-exit.jpg": "EMERGENCY EXIT",
    "line-05-lot.jpg": "LOT 48213-B",
    "line-06-mail.jpg": "orders@example.org",
    "line-07-platform.jpg": "Platform 9,12:05",  # the picture says "Platform 9, 12:05"
    "line-08-serial.jpg": "S/N 7F3K-92OX",  # the picture says "S/N 7F3K-92QX"
    "line-09-weight.jpg": "Net weight 2.5 kg",
    "line-10-warning.jpg": "Caution: wet floor!",
    "line-11-street.jpg": "221 Baker Street",
    "line-12-pangram.jpg": "The quick brown fox jumps",
}


def model_of(name: str) -> Path:
    return ROOT / "models" / name / f"{name}.onnx"


def analyser(name: str) -> Analyser:
    (loaded,) = load_bundle([SAMPLES / f"{name}.yaml"]).pipelines
    (stage,) = loaded.pipeline.spec.stages
    return Analyser(prepare(load_model(model_of(name)), stage, None))


def result(analyser: Analyser, file: Path) -> dict[str, Any]:
    answer = analyser.analyse(file.read_bytes())
    assert isinstance(answer, Analysis)
    return answer.result


def test_the_detector_finds_the_objects_of_the_sample_pictures() -> None:
    detector = analyser("objects")
    found = {}
    for file in (SAMPLES / "objects").iterdir():
        found[file.name] = " ".join(sorted(one["label"] for one in result(detector, file)["predictions"]))
    assert found == OBJECTS


def test_the_reader_reads_the_lines_of_the_sample_pictures() -> None:
    reader = analyser("text")
    files = (SAMPLES / "text").iterdir()
    assert {file.name: result(reader, file)["text"]["text"] for file in files} == TEXTS


def test_some_sample_pictures_are_stored_turned() -> None:
    orientations = {Image.open(file).getexif().get(0x0112) for file in (SAMPLES / "objects").iterdir()}
    assert orientations == {1, 3, 6, 8}


@pytest.mark.parametrize("name", ["objects", "text"])
def test_the_manifest_holds_the_model_and_the_card_describes_it(name: str) -> None:
    manifest = SAMPLES / f"{name}.yaml"
    documents = {document["kind"]: document for document in yaml.safe_load_all(manifest.read_text())}
    (stage,) = documents["ImagePipeline"]["spec"]["stages"]
    assert stage["model"]["uri"] == f"configmap://{name}-model/{name}.onnx"
    model = base64.b64decode(documents["ConfigMap"]["binaryData"][f"{name}.onnx"], validate=True)
    assert model == model_of(name).read_bytes()
    assert stage["model"]["sha256"] == hashlib.sha256(model).hexdigest()
    card = (model_of(name).parent / "README.md").read_text()
    assert f"| `{name}.onnx` | {len(model):,} | `{stage['model']['sha256']}` |" in card
    assert max(len(json.dumps(document)) for document in documents.values()) < LARGEST_ANNOTATION


@pytest.mark.parametrize("name", ["objects", "text"])
def test_init_asks_nothing_and_writes_what_the_sample_says(tmp_path: Path, name: str) -> None:
    target = tmp_path / "pipeline.yaml"
    written = write_manifest(model_of(name), target, name=None, samples=(), replace=False)
    assert not written.block.questions
    (loaded,) = load_bundle([target]).pipelines
    (shipped,) = load_bundle([SAMPLES / f"{name}.yaml"]).pipelines
    (stage,), (expected,) = loaded.pipeline.spec.stages, shipped.pipeline.spec.stages
    assert (stage.name, stage.input) == (expected.name, expected.input)
    assert (stage.output.type, stage.output.format) == (expected.output.type, expected.output.format)


def test_the_cards_tell_the_accuracy() -> None:
    assert re.search(r"mAP50 0\.\d{3}, mAP50-95 0\.\d{3}", (ROOT / "models/objects/README.md").read_text())
    assert re.search(r"\| held-out fonts \| \d+\.\d% \|", (ROOT / "models/text/README.md").read_text())
