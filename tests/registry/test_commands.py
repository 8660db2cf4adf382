"""`darkroom model` with models in a registry."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from darkroom.files.checksums import sha256_of
from tests.support.model_servers.push import oras_file, push
from tests.support.model_servers.registry import Registry
from tests.support.models.onnx_files import onnx_file
from tests.support.services.command_line import IMAGES, darkroom
from tests.support.services.stage import MODEL

ONE = min(IMAGES.iterdir())


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_a_model_in_a_registry_is_inspected_and_run(registry: Registry) -> None:
    push(registry.url, "digits", "v1", [oras_file("digits.onnx", MODEL.read_bytes())])
    uri = f"oci://{registry.host}/digits:v1"
    found = darkroom("model", "inspect", uri, "--json").json
    assert found["stage"]["model"] == {"uri": uri, "sha256": sha256_of(MODEL)}
    ran = darkroom("model", "run", uri, ONE)
    assert (ran.code, ran.out.split()[1]) == (0, "1")


def test_a_model_in_several_files_is_inspected(registry: Registry, tmp_path: Path) -> None:
    kind = (onnx.TensorProto.FLOAT, [1, 3])
    single = onnx_file(
        tmp_path / "single.onnx",
        [onnx.helper.make_node("Add", ["image", "w"], ["scores"])],
        {"image": kind},
        {"scores": kind},
        {"w": np.zeros(3, np.float32)},
    )
    model = tmp_path / "m.onnx"
    onnx.save_model(onnx.load(single), model, save_as_external_data=True, location="w.bin", size_threshold=0)
    push(
        registry.url, "several", "v1", [oras_file(name, (tmp_path / name).read_bytes()) for name in ("m.onnx", "w.bin")]
    )
    assert darkroom("model", "inspect", model, "--json").code == 1
    assert darkroom("model", "inspect", f"oci://{registry.host}/several:v1", "--json").json["problem"] is None


def test_what_cannot_be_fetched_is_said_in_one_line(registry: Registry) -> None:
    ran = darkroom("model", "inspect", f"oci://{registry.host}/nothing:v1")
    assert ran.code == 1
    assert ran.errors == [
        f"darkroom: model oci://{registry.host}/nothing:v1: the registry has no v1 in {registry.host}/nothing"
    ]
