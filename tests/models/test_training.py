"""The digits model and its derived files are the output of its training script."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
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
