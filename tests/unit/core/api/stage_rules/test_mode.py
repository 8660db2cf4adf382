"""What a stage with mode Queue can't have, and what only it can have."""

from typing import Any

import pytest

from darkroom.api.validation import InvalidPipeline, parse_pipeline
from tests.support.manifests import pipeline_manifest


def with_stage(stage: dict[str, Any], **spec: Any) -> dict[str, Any]:
    manifest = pipeline_manifest(stages=["classify"], **spec)
    manifest["spec"]["stages"][0] |= stage
    return manifest


@pytest.mark.parametrize(
    ("stage", "advice"),
    [
        ({"delivery": "ExactlyOnce"}, "Use delivery AtLeastOnce"),
        ({"results": {"config": {"cleanup.policy": "compact"}}}, "set cleanup.policy to delete"),
        ({"results": {"config": {"cleanup.policy": "delete,compact"}}}, "results have no order"),
        ({"autoscaling": {"max": 4, "metricsOnly": True}}, "Set replicas instead"),
    ],
)
def test_what_share_groups_can_not_do_is_refused_with_what_to_do(stage: dict[str, Any], advice: str) -> None:
    with pytest.raises(InvalidPipeline) as invalid:
        parse_pipeline(with_stage({"mode": "Queue", **stage}))
    (problem,) = invalid.value.problems
    assert problem.path == "spec.stages[0].mode"
    assert advice in problem.message
    parse_pipeline(with_stage(stage))


@pytest.mark.parametrize(("own", "shared"), [({"replicas": 13}, {}), ({}, {"replicas": 13})])
def test_only_a_queue_has_more_workers_than_partitions(own: dict[str, Any], shared: dict[str, Any]) -> None:
    parse_pipeline(with_stage({"mode": "Queue", **own}, **shared))
    with pytest.raises(InvalidPipeline, match=r"images\.partitions, unless the stage has mode Queue"):
        parse_pipeline(with_stage(own, **shared))


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(InvalidPipeline, match="'Ordered' or 'Queue'"):
        parse_pipeline(with_stage({"mode": "queue"}))
