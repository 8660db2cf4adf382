"""The digits model and its derived files are the output of its training script."""

import base64
import hashlib
import io
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

ROOT = Path(__file__).resolve().parents[3]
SAMPLES = ROOT / "k8s" / "samples"
MODELS = ROOT / "models" / "digits"


@pytest.fixture(scope="module")
def retrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("retrained")
    command = [sys.executable, str(MODELS / "train.py"), "--root", str(root)]
    subprocess.run(command, check=True, capture_output=True, timeout=240)
    return root


def test_training_again_gives_the_same_models_card_and_manifest(retrained: Path) -> None:
    for name in (
        "models/digits/digits.onnx",
        "models/digits/digits-embed.onnx",
        "models/digits/README.md",
        "k8s/samples/digits.yaml",
    ):
        again = (retrained / name).read_bytes()
        assert again == (ROOT / name).read_bytes(), f"{name} is stale: run python models/digits/train.py"


def test_training_again_gives_the_same_sample_images(retrained: Path) -> None:
    folder = retrained / "k8s" / "samples" / "digits"
    assert sorted(p.name for p in folder.iterdir()) == sorted(p.name for p in (SAMPLES / "digits").iterdir())
    for path in folder.iterdir():
        new = np.asarray(Image.open(io.BytesIO(path.read_bytes())), dtype=int)
        old = np.asarray(Image.open(SAMPLES / "digits" / path.name), dtype=int)
        # Another version of the JPEG encoder may round differently.
        assert np.abs(new - old).max() <= (4 if path.suffix == ".jpg" else 0), path.name


def test_sample_manifest_holds_the_models_whose_checksums_its_stages_ask_for() -> None:
    documents = {d["kind"]: d for d in yaml.safe_load_all((SAMPLES / "digits.yaml").read_text())}
    assert list(documents) == ["Namespace", "ImagePipeline", "ConfigMap"]
    data = documents["ConfigMap"]["binaryData"]
    for stage in documents["ImagePipeline"]["spec"]["stages"]:
        key = stage["model"]["uri"].removeprefix("configmap://digits-model/")
        model = base64.b64decode(data[key], validate=True)
        assert model == (MODELS / key).read_bytes()
        assert hashlib.sha256(model).hexdigest() == stage["model"]["sha256"]
        assert stage["model"]["sha256"] in (MODELS / "README.md").read_text()
    assert (SAMPLES / "digits.yaml").stat().st_size < 200 * 1024, "`kubectl apply` copies it into annotations: 256 KiB"


def test_samples_are_a_hundred_digits_ten_of_each_in_png_and_jpeg() -> None:
    names = sorted(p.name for p in (SAMPLES / "digits").iterdir())
    matches = [re.fullmatch(r"digit-\d{4}-label-([a-z]+)\.(png|jpg)", name) for name in names]
    labels = [m[1] for m in matches if m]
    assert len(labels) == 100
    assert {labels.count(label) for label in labels} == {10}
    assert {m[2] for m in matches if m} == {"png", "jpg"}
