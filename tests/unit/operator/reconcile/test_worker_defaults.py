"""Defaults of workers in the whole cluster."""

from typing import Any

import pytest
from pydantic import ValidationError

from darkroom.api.pipeline import Stage
from darkroom.api.validation import parse_pipeline
from darkroom_operator.reconcile.worker_defaults import WorkerDefaults
from tests.support.manifests import pipeline_manifest

DEFAULTS = WorkerDefaults.model_validate(
    {
        "resources": {"requests": {"cpu": "500m"}, "limits": {"memory": "1Gi"}},
        "nodeSelector": {"pool": "workers", "arch": "amd64"},
        "tolerations": [{"key": "workers", "operator": "Exists"}],
        "runtimeClassName": "gvisor",
    }
)


def stage_with(defaults: WorkerDefaults, **stage: Any) -> Stage:
    manifest = pipeline_manifest(stages=["a", "b"])
    manifest["spec"]["stages"][1] |= stage
    return defaults.applied_to(parse_pipeline(manifest)).spec.stages[1]


def test_a_stage_that_leaves_everything_open_has_the_defaults() -> None:
    stage = stage_with(DEFAULTS)
    assert stage.resources == DEFAULTS.resources
    assert stage.template.node_selector == {"pool": "workers", "arch": "amd64"}
    assert stage.template.tolerations == [{"key": "workers", "operator": "Exists"}]
    assert stage.template.runtime_class_name == "gvisor"


def test_what_a_stage_sets_takes_precedence() -> None:
    stage = stage_with(
        DEFAULTS,
        resources={"limits": {"cpu": 4}},
        template={"nodeSelector": {"arch": "arm64"}, "tolerations": [{"key": "gpu"}], "runtimeClassName": "nvidia"},
    )
    assert (stage.resources.requests, stage.resources.limits) == ({}, {"cpu": 4}), "never half of both"
    assert stage.template.node_selector == {"pool": "workers", "arch": "arm64"}
    assert stage.template.tolerations == [{"key": "gpu"}, {"key": "workers", "operator": "Exists"}]
    assert stage.template.runtime_class_name == "nvidia"


def test_without_defaults_nothing_changes() -> None:
    pipeline = parse_pipeline(pipeline_manifest())
    assert WorkerDefaults().applied_to(pipeline) == pipeline


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(ValidationError, match="volumes"):
        WorkerDefaults.model_validate({"volumes": []})
