"""What to do about each unhealthy state."""

from dataclasses import replace

import pytest

from darkroom_ingestion.status.advice import pipeline_advice, stage_advice
from darkroom_ingestion.status.facts import LetterFacts, PartitionFacts, PipelineFacts, StageFacts, WorkerFacts


def partitions(*lags: int, worker: str | None = "w") -> tuple[PartitionFacts, ...]:
    return tuple(PartitionFacts(number, 100, 100 + lag, lag, worker) for number, lag in enumerate(lags))


HEALTHY = StageFacts(
    name="classify",
    group="demo.digits.classify",
    replicas=1,
    group_state="Stable",
    workers=(WorkerFacts("w", "pod-a", (0, 1)),),
    partitions=partitions(1, 1),
    lag=2,
    lag_before=2,
    rate=5.0,
    dead_letters={},
    new_dead_letters=0,
)
PIPELINE = PipelineFacts(
    namespace="demo",
    name="digits",
    images_topic="demo.digits.images",
    suspended=False,
    images={0: (0, 101), 1: (0, 101)},
    images_rate=5.0,
    seconds=20.0,
    stages=(HEALTHY,),
)
IN_CLUSTER = replace(PIPELINE, conditions=[])


def test_a_healthy_pipeline_needs_no_advice() -> None:
    assert pipeline_advice(PIPELINE) == []
    assert stage_advice(HEALTHY, PIPELINE) == []


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        pytest.param(
            {"kafka_away": "broker:9092", "images": None},
            "Kafka does not respond at broker:9092: check that its brokers run",
            id="Kafka away",
        ),
        pytest.param({"images": {}}, "The topic demo.digits.images does not exist. Start `darkroom up`", id="no topic"),
        pytest.param({"images": {}, "conditions": []}, "Look at the condition TopicsReady", id="no topic in a cluster"),
        pytest.param({"suspended": True}, "Set spec.suspend to false", id="suspended"),
        pytest.param({"unserved": "its topics are not ready"}, "does not serve the pipeline", id="unserved"),
        pytest.param({"problems": ("group x can't be read",)}, "Group x can't be read.", id="no rights"),
        pytest.param(
            {"conditions": [{"type": "StagesReady", "status": "False", "reason": "Pending", "message": "No GPU."}]},
            "StagesReady is False (Pending): No GPU.",
            id="condition",
        ),
    ],
)
def test_advice_for_the_pipeline(changed: dict[str, object], sentence: str) -> None:
    (said,) = pipeline_advice(replace(PIPELINE, **changed))  # type: ignore[arg-type]
    assert sentence in said


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        pytest.param({"workers": (), "group_state": "Empty"}, "look at the output of `darkroom up`", id="no workers"),
        pytest.param(
            {"workers": (), "group_state": "Empty", "replicas": 0}, "increase spec.stages[].replicas", id="no replicas"
        ),
        pytest.param({"group_state": "PreparingRebalance"}, "is assigning partitions", id="rebalance"),
        pytest.param({"partitions": partitions(0, 0, worker=None)}, "No worker reads partitions 0, 1", id="unread"),
        pytest.param({"lag": 90, "lag_before": 90, "rate": 0.0}, "has analysed none for 20 s", id="stalled"),
        pytest.param({"lag": 90, "partitions": partitions(1, 89)}, "Partition 1 has 99 % of the lag", id="hot"),
        pytest.param(
            {"lag": 90, "lag_before": 30, "rate": 2.0, "partitions": partitions(45, 45)},
            "The lag grows: 5.0 images arrive per second, and the stage analyses 2.0. Increase the stage's replicas",
            id="too slow",
        ),
        pytest.param(
            {
                "lag": 90,
                "lag_before": 30,
                "rate": 2.0,
                "partitions": partitions(45, 45),
                "workers": (WorkerFacts("a", "a", (0,)), WorkerFacts("b", "b", (1,))),
            },
            "Each of the 2 partitions has a consumer: increase spec.images.partitions",
            id="too few partitions",
        ),
        pytest.param(
            {
                "new_dead_letters": 7,
                "last_errors": (LetterFacts("2026-11-26T12:00:00.000Z", "i", "DecodeError", "broken"),),
            },
            "failed on 7 images in the last 20 s (the last: DecodeError)",
            id="dead letters",
        ),
    ],
)
def test_advice_for_a_stage(changed: dict[str, object], sentence: str) -> None:
    (said,) = stage_advice(replace(HEALTHY, **changed), PIPELINE)  # type: ignore[arg-type]
    assert sentence in said


QUEUE = replace(HEALTHY, mode="Queue", group_state=None, workers=(), partitions=(), lag=None, lag_before=None)


def test_of_a_queue_what_is_unknown_is_no_reason_for_advice() -> None:
    assert stage_advice(QUEUE, PIPELINE) == []
    assert stage_advice(replace(QUEUE, rate=0.0), replace(PIPELINE, images_rate=0.5)) == []


def test_a_queue_that_finishes_nothing_although_images_arrive_is_stalled() -> None:
    (said,) = stage_advice(replace(QUEUE, rate=0.0), PIPELINE)
    assert said.startswith("100 images arrived in the last 20 s, and the stage has analysed none: look at the output")
    (said,) = stage_advice(replace(QUEUE, replicas=0), PIPELINE)
    assert "its replicas are 0" in said


def test_in_a_cluster_the_command_that_lists_the_workers_is_named() -> None:
    (said,) = stage_advice(replace(HEALTHY, workers=(), group_state="Empty"), IN_CLUSTER)
    assert "`kubectl get pods -n demo -l darkroom.dev/pipeline=digits,darkroom.dev/stage=classify`" in said


@pytest.mark.parametrize("changed", [{"suspended": True}, {"kafka_away": "broker:9092"}])
def test_stages_of_a_suspended_pipeline_or_without_kafka_need_no_advice(changed: dict[str, object]) -> None:
    stopped = replace(HEALTHY, workers=(), group_state="Empty", lag=90)
    assert stage_advice(stopped, replace(PIPELINE, **changed)) == []  # type: ignore[arg-type]
