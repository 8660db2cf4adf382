"""The conditions of a pipeline, from what a reconciliation found."""

from typing import Any

import pytest

from darkroom.api.pipeline import ImagePipeline
from darkroom.api.status import Condition, StageStatus, Status
from darkroom.api.validation import parse_pipeline
from darkroom.topology import topology
from darkroom_operator.status.findings import Finding
from darkroom_operator.status.pipeline_status import (
    MAX_MESSAGE,
    PipelineState,
    StagesState,
    read_status,
    removed_stages,
    status_of,
    with_ready,
)

GOOD = Finding(ready=True, reason="AllReady")
EARLIER, NOW = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"


def a_pipeline(**spec: Any) -> ImagePipeline:
    return parse_pipeline(
        {
            "apiVersion": "darkroom.dev/v1alpha1",
            "kind": "ImagePipeline",
            "metadata": {"name": "digits", "namespace": "demo", "uid": "u", "generation": 3},
            "spec": {
                "kafka": {"bootstrapServers": "b:9092"},
                "stages": [
                    {
                        "name": "classify",
                        "model": {"uri": "configmap://m/m.onnx"},
                        "output": {"type": "Classification"},
                    }
                ],
                **spec,
            },
        }
    )


def bad(reason: str) -> Finding:
    return Finding(ready=False, reason=reason, message=reason.lower())


def status(topics: Finding, credentials: Finding, stages: Finding, before: Status | None = None, **spec: Any) -> Status:
    pipeline = a_pipeline(**spec)
    state = PipelineState(topics, credentials, StagesState(stages, (), replicas=2, ready=1))
    return status_of(pipeline, topology(pipeline), state, before or Status(), NOW)


def ready(found: Status) -> Condition:
    return {condition.type: condition for condition in found.conditions}["Ready"]


@pytest.mark.parametrize(
    ("findings", "reason"),
    [
        ((GOOD, GOOD, GOOD), "AllReady"),
        ((bad("NoTopics"), bad("NoUsers"), bad("NoWorkers")), "NoTopics"),
        ((GOOD, bad("NoUsers"), bad("NoWorkers")), "NoUsers"),
        ((GOOD, GOOD, bad("NoWorkers")), "NoWorkers"),
    ],
)
def test_ready_has_the_reason_of_the_first_condition_that_is_not_true(
    findings: tuple[Finding, Finding, Finding], reason: str
) -> None:
    assert ready(status(*findings)).reason == reason


def test_a_suspended_pipeline_is_never_ready() -> None:
    assert ready(status(GOOD, GOOD, GOOD, suspend=True)).reason == "Suspended"


def test_the_time_of_a_condition_changes_only_with_its_status() -> None:
    before = Status(
        conditions=[
            Condition(type="TopicsReady", status="True", reason="AllReady", last_transition_time=EARLIER),
            Condition(type="StagesReady", status="False", reason="Old", last_transition_time=EARLIER),
        ]
    )
    found = status(GOOD, GOOD, bad("New"), before)
    times = {condition.type: condition.last_transition_time for condition in found.conditions}
    assert times == {"TopicsReady": EARLIER, "CredentialsReady": NOW, "StagesReady": EARLIER, "Ready": NOW}
    assert {condition.observed_generation for condition in found.conditions} == {3}


def test_a_long_message_is_cut() -> None:
    long = Finding(ready=False, reason="Long", message="x" * 2 * MAX_MESSAGE)
    assert len(ready(status(long, GOOD, GOOD)).message) == MAX_MESSAGE


def test_only_the_condition_ready_is_replaced() -> None:
    before = status(GOOD, GOOD, GOOD)
    after = with_ready(bad("InvalidSpec"), 4, before, NOW)
    assert ready(after).reason == "InvalidSpec"
    assert after.observed_generation == 4
    assert [c for c in after.conditions if c.type != "Ready"] == [c for c in before.conditions if c.type != "Ready"]


def test_stages_that_are_in_the_status_alone_are_removed_ones() -> None:
    stages = [
        StageStatus(name=name, results_topic="r", dead_letters_topic="d", consumer_group="g")
        for name in ("classify", "embed")
    ]
    (removed,) = removed_stages(Status(stages=stages), topology(a_pipeline()))
    assert removed.name == "embed"


@pytest.mark.parametrize("live", [{}, {"status": None}, {"status": {"conditions": "none"}}])
def test_a_status_that_cannot_be_read_is_empty(live: dict[str, Any]) -> None:
    assert read_status(live) == Status()
