"""The nine networks in the onnx package run in a stage and get a manifest.

They are the graphs of well-known classifiers with constant weights, each with the output for one input.
"""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from onnx.backend.test import runner

from darkroom.api.output import Output
from darkroom.api.pipeline import Stage
from darkroom_cli.manifests.bundle import load_bundle
from darkroom_cli.models.initial import write_manifest
from darkroom_vision.analyse import prepare
from darkroom_vision.heads.base import Frame
from darkroom_vision.heads.choose import choose_head
from darkroom_vision.heads.trial import Trial
from darkroom_vision.imaging.geometry import UNCHANGED
from darkroom_vision.model.session import load_model

FOLDER = Path(runner.__file__).parents[1] / "data/light"
NETWORKS = sorted(path.stem for path in FOLDER.glob("*.onnx"))
LABELS = [f"class {number}" for number in range(1_000)]
FRAME = Frame((224, 224), UNCHANGED, (224, 224))


def test_there_are_nine() -> None:
    assert len(NETWORKS) == 9


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_answers_as_its_package_says_and_gets_a_manifest(name: str, tmp_path: Path) -> None:
    path = FOLDER / f"{name}.onnx"
    expected = numpy_helper.to_array(onnx.load_tensor(FOLDER / f"{name}_output_0.pb"))
    model = load_model(path)
    (port,) = model.inputs
    assert port.shape == (1, 3, 224, 224)
    # The package's input: `Runner.generate_dummy_data` without random numbers.
    numbers = np.arange(np.prod(port.shape)).reshape(port.shape) / np.prod(port.shape)
    outputs = model.run({port.name: numbers.astype(np.float32)})

    tensor = choose_head(Trial(model.uri, model.outputs, outputs), Output(type="Tensor"), None)
    (found,) = tensor.results(outputs, [FRAME])
    raw = found["tensor"]
    assert raw["shape"] == list(expected.shape)
    np.testing.assert_allclose(raw["data"], expected.ravel(), rtol=1e-3, atol=1e-7)

    stage = {"name": "test", "model": {"uri": "file:/m"}, "output": {"type": "Classification", "topK": 1_000}}
    classifier = prepare(model, Stage.model_validate(stage), LABELS)
    (result,) = classifier.head.results(outputs, [FRAME])
    scores = {prediction["index"]: prediction["score"] for prediction in result["predictions"]}
    np.testing.assert_allclose([scores[i] for i in range(1_000)], expected.ravel(), rtol=1e-3, atol=1e-7)
    assert {prediction["label"] for prediction in result["predictions"]} == set(LABELS)

    target = tmp_path / "pipeline.yaml"
    assert write_manifest(path, target, name=None, samples=(), replace=False).family == "classifier"
    assert load_bundle([target]).problems == []
