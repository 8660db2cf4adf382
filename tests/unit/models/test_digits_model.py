"""The sample manifest and images of the digits model."""

import base64
import hashlib
import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[3]
SAMPLES = ROOT / "k8s" / "samples"
MODELS = ROOT / "models" / "digits"


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
