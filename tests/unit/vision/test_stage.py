"""Loading a stage; errors are one line that names the stage."""

from pathlib import Path

import pytest

from darkroom.api.validation import parse_pipeline
from darkroom.kafka.connection import KafkaConnection
from darkroom.stage_settings import StageSettings, stage_settings
from darkroom.topology import topology
from darkroom_vision.stage import UnusableModel, load_stage
from tests.support.manifests import pipeline_manifest
from tests.support.models.onnx_files import mean_colours_file


def settings(model: Path) -> StageSettings:
    pipeline = parse_pipeline(pipeline_manifest(stages=["classify"]))
    (stage,) = topology(pipeline).stages
    return stage_settings(pipeline, stage, KafkaConnection(bootstrap_servers="broker:9092"), model_path=model)


def test_a_valid_model_is_loaded(tmp_path: Path) -> None:
    assert load_stage(settings(mean_colours_file(tmp_path / "m.onnx"))).model.name == "m.onnx"


def test_the_error_for_an_invalid_model_is_one_line_with_the_stage(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(b"not a model")
    with pytest.raises(UnusableModel, match=r'^stage "classify": model .* ONNX Runtime cannot load it .*') as caught:
        load_stage(settings(tmp_path / "m.onnx"))
    assert "\n" not in str(caught.value)
