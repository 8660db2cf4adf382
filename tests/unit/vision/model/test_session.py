"""Loading and running a model file; errors say what to change."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from darkroom_vision.model.session import (
    ModelChecksumMismatch,
    ModelNotFound,
    ModelRunFailed,
    NotAnOnnxModel,
    load_model,
)
from tests.support.models.onnx_files import identity_file

URI = "configmap://m/x.onnx"


def test_a_model_with_the_right_checksum_loads_and_runs(tmp_path: Path) -> None:
    path = identity_file(tmp_path / "x.onnx", ["N", 3, 4, 4])
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    model = load_model(path, uri=URI, sha256=sha256)
    assert (model.name, model.uri, model.sha256) == ("x.onnx", URI, sha256)
    assert model.inputs[0].shape == (None, 3, 4, 4)
    image = np.random.default_rng(0).random((2, 3, 4, 4), np.float32)
    np.testing.assert_array_equal(model.run({"image": image})[0], image)


def test_a_wrong_checksum_is_refused_with_both_checksums(tmp_path: Path) -> None:
    path = identity_file(tmp_path / "x.onnx", [1, 3, 4, 4])
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(ModelChecksumMismatch, match=f"model {URI}: sha256 is {found}, the pipeline says {'0' * 64}"):
        load_model(path, uri=URI, sha256="0" * 64)


def test_the_error_for_a_missing_file_names_it(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match=r"model configmap://m/x.onnx: .*none.onnx cannot be read: No such file"):
        load_model(tmp_path / "none.onnx", uri=URI)


@pytest.mark.parametrize("content", [b"", b"<html>404 Not Found</html>", bytes(100), b"\x08\x09" + b"x" * 50])
def test_a_file_that_is_not_an_onnx_model_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "page.onnx").write_bytes(content)
    with pytest.raises(NotAnOnnxModel, match=r"model configmap://m/x.onnx: ONNX Runtime cannot load it"):
        load_model(tmp_path / "page.onnx", uri=URI)


def test_the_error_of_a_failed_run_has_the_input_shape(tmp_path: Path) -> None:
    model = load_model(identity_file(tmp_path / "x.onnx", [1, 3, 4, 4]), uri=URI)
    with pytest.raises(ModelRunFailed, match=r"it fails on an input of shape \(1, 3, 5, 5\)"):
        model.run({"image": np.zeros((1, 3, 5, 5), np.float32)})


def test_a_model_is_busy_while_a_run_is_in_progress(tmp_path: Path) -> None:
    model = load_model(identity_file(tmp_path / "x.onnx", [1, 3, 4, 4]), uri=URI)
    seen: list[bool] = []

    class Session:
        def run(self, _names: None, _feeds: object) -> list[Any]:
            seen.append(probed.is_busy)
            raise RuntimeError("broken")

    probed = replace(model, session=cast("Any", Session()))
    with pytest.raises(ModelRunFailed, match="broken"):
        probed.run({})
    assert (seen, probed.is_busy) == ([True], False)
