"""A stage is loaded only if it passes its self-tests; the error is one line that says what differs."""

import hashlib
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from structlog.testing import capture_logs

from darkroom.api.validation import parse_pipeline
from darkroom.kafka.connection import KafkaConnection
from darkroom.stage_settings import StageSettings, stage_settings
from darkroom.topology import topology
from darkroom_vision.stage import UnusableModel, load_stage
from tests.support.manifests import pipeline_manifest
from tests.support.models.onnx_files import mean_colours_file

RED = io.BytesIO()
Image.new("RGB", (8, 8), (255, 0, 0)).save(RED, "PNG")


@pytest.fixture
def red(tmp_path: Path) -> Path:
    (tmp_path / "red.png").write_bytes(RED.getvalue())
    return tmp_path / "red.png"


def settings(
    folder: Path, *tests: dict[str, Any], output_type: str = "Embedding", paths: dict[int, Path] | None = None
) -> StageSettings:
    """Settings of a stage whose result is the mean of each colour, 0 to 1."""
    manifest = pipeline_manifest()
    manifest["spec"]["stages"][0] |= {"output": {"type": output_type}, "selfTest": list(tests)}
    pipeline = parse_pipeline(manifest)
    (stage,) = topology(pipeline).stages
    model = mean_colours_file(folder / "m.onnx")
    kafka = KafkaConnection(bootstrap_servers="b:9092")
    return stage_settings(pipeline, stage, kafka, model_path=model, self_test_paths=paths)


def test_a_right_result_is_logged_and_timed(tmp_path: Path, red: Path) -> None:
    test = {"image": f"file:{red}", "expect": {"embedding": [1, 0, 0]}}
    with capture_logs() as logs:
        loaded = load_stage(settings(tmp_path, test, test))
    assert len(loaded.self_test_seconds) == 2
    assert [(line["event"], line["passed"]) for line in logs] == [("self-tests passed", 2)]


def test_a_wrong_result_is_logged_and_told(tmp_path: Path, red: Path) -> None:
    wrong = {"image": "pvc://images/red.png", "expect": {"embedding": [0, 1, 0]}}
    right = {"image": f"file:{red}", "expect": {"embedding": [1, 0, 0]}}
    with capture_logs() as logs, pytest.raises(UnusableModel) as failed:
        load_stage(settings(tmp_path, wrong, right, wrong, paths={0: red, 2: red}))
    assert str(failed.value) == (
        'stage "classify": self-test failed: pvc://images/red.png: '
        "embedding: expected a cosine similarity of at least 0.99, got 0 (2 of 3 images differ)"
    )
    assert [(line["event"], line["image"]) for line in logs] == [("self-test differs", "pvc://images/red.png")] * 2


@pytest.mark.parametrize(
    ("test", "content", "message"),
    [
        ({"image": "file:{}"}, b"no image", "self-test failed: file:{}: NotAnImage: "),
        ({"image": "file:{}", "sha256": "0" * 64}, b"", f"{hashlib.sha256(b'').hexdigest()}, the pipeline says 00"),
        ({"image": "file:{}.missing"}, b"", "self-test image file:{}.missing: {}.missing can't be read: No such file"),
        ({"image": "configmap://c/k"}, b"", "self-test image configmap://c/k: the runtime must provide the file"),
    ],
    ids=["not an image", "another image", "no file", "not mounted"],
)
def test_an_image_that_cannot_be_used_is_named(
    tmp_path: Path, test: dict[str, Any], content: bytes, message: str
) -> None:
    file = tmp_path / "image.png"
    file.write_bytes(content)
    test = test | {"image": test["image"].format(file), "expect": {"embedding": [1]}}
    with pytest.raises(UnusableModel) as failed:
        load_stage(settings(tmp_path, test))
    assert message.format(file, file) in str(failed.value)


def test_a_message_is_short_enough_for_a_container_status(tmp_path: Path, red: Path) -> None:
    expect = {"tensor": {"name": "n" * 1000, "dtype": "d" * 1000, "shape": [9] * 16, "data": [7, 7]}}
    with pytest.raises(UnusableModel) as failed:
        load_stage(settings(tmp_path, {"image": f"file:{red}", "expect": expect}, output_type="Tensor"))
    assert str(failed.value).endswith("; and 1 more")
    assert len(str(failed.value)) < 800
