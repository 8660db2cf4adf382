"""The settings document that a worker reads."""

from typing import Any

import pytest

from darkroom.api.validation import parse_pipeline
from darkroom.stage_settings import StageSettings
from darkroom_operator.builders.settings import loops, settings_map
from tests.unit.operator.builders.cases import CASES, manifest_of, pipeline_of


@pytest.mark.parametrize("case", CASES)
def test_a_worker_can_read_its_settings(case: str) -> None:
    pipeline, stage = pipeline_of(case)
    document = settings_map(pipeline, stage, CASES[case])["data"]["stage.json"]
    settings = StageSettings.model_validate_json(document)
    assert (settings.pipeline, settings.stage.name, settings.consumer_group) == (
        pipeline.name,
        stage.name,
        stage.consumer_group,
    )


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ({}, 1),
        ({"limits": {"cpu": "500m"}}, 1),
        ({"limits": {"cpu": "2500m"}}, 2),
        ({"limits": {"cpu": 16}, "requests": {"cpu": 2}}, 16),
        ({"requests": {"cpu": "3"}}, 3),
    ],
)
def test_a_worker_has_a_loop_for_each_whole_cpu(resources: dict[str, Any], expected: int) -> None:
    manifest = manifest_of("small")
    manifest["spec"]["stages"][0]["resources"] = resources
    assert loops(parse_pipeline(manifest).spec.stages[0]) == expected
