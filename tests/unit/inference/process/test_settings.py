"""Reading a worker's settings file."""

import json
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from darkroom.api.validation import parse_pipeline
from darkroom.kafka.connection import KafkaConnection
from darkroom.stage_settings import StageSettings, stage_settings
from darkroom.topology import topology
from darkroom_inference.process.settings import UnusableSettings, read_settings
from tests.support.manifests import pipeline_manifest


@pytest.fixture
def settings() -> StageSettings:
    pipeline = parse_pipeline(pipeline_manifest(namespace="vision", stages=["classify"]))
    (stage,) = topology(pipeline).stages
    return stage_settings(pipeline, stage, KafkaConnection(bootstrap_servers="broker:9092"))


def written(folder: Path, document: dict[str, Any]) -> Path:
    path = folder / "stage.json"
    path.write_text(json.dumps(document))
    return path


def document_of(settings: StageSettings) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(settings.model_dump_json(by_alias=True))
    return document


def test_what_was_written_is_read(tmp_path: Path, settings: StageSettings) -> None:
    with capture_logs() as logs:
        assert read_settings(written(tmp_path, document_of(settings))) == settings
    assert logs == []


def test_unknown_fields_are_ignored_with_a_warning(tmp_path: Path, settings: StageSettings) -> None:
    document = document_of(settings)
    document["colourProfile"] = "sRGB"
    document["stage"]["priority"] = 3
    with capture_logs() as logs:
        assert read_settings(written(tmp_path, document)) == settings
    (entry,) = logs
    assert sorted(entry["fields"]) == ["colourProfile", "stage.priority"]


def test_invalid_settings_are_refused_with_the_field(tmp_path: Path, settings: StageSettings) -> None:
    document = document_of(settings)
    document["stage"]["delivery"] = "Perhaps"
    with pytest.raises(UnusableSettings, match=r"stage\.json: stage\.delivery: "):
        read_settings(written(tmp_path, document))
