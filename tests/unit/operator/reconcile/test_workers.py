"""The state of the workers of a stage, from a Deployment and its pods."""

from typing import Any

import pytest

from darkroom.kafka.features import NO_SHARE_GROUPS
from darkroom_operator.reconcile.workers import execution_of, workers_finding


def deployment(wanted: int = 2, observed: int = 1, **status: Any) -> dict[str, Any]:
    return {
        "metadata": {"generation": 1},
        "spec": {"replicas": wanted},
        "status": {"observedGeneration": observed, **status},
    }


def pod(name: str = "p", ready: bool = False, **state: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "status": {"containerStatuses": [{"image": "i:1", "ready": ready, **state}]}}


ALL = {"replicas": 2, "updatedReplicas": 2, "readyReplicas": 2}


@pytest.mark.parametrize(
    ("live", "pods", "reason"),
    [
        (deployment(**ALL), [], "AllReady"),
        (deployment(wanted=0), [], "AllReady"),
        (deployment(observed=0, **ALL), [], "WorkersStarting"),
        (deployment(**{**ALL, "readyReplicas": 1}), [], "WorkersStarting"),
        (deployment(**{**ALL, "replicas": 3, "updatedReplicas": 1}), [], "RollingOut"),
        (deployment(), [pod(state={"waiting": {"reason": "ErrImagePull"}})], "ImagePullBackOff"),
        (
            deployment(),
            [pod(state={"waiting": {"reason": "CreateContainerConfigError"}})],
            "CreateContainerConfigError",
        ),
        (deployment(), [pod(lastState={"terminated": {"exitCode": 2, "message": "x"}})], "CrashLooping"),
        (deployment(), [pod(lastState={"terminated": {"exitCode": 0}})], "WorkersStarting"),
        (deployment(), [pod(ready=True, lastState={"terminated": {"exitCode": 1}})], "WorkersStarting"),
        (
            deployment(conditions=[{"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: q"}]),
            [],
            "QuotaExceeded",
        ),
        (
            deployment(conditions=[{"type": "ReplicaFailure", "status": "True", "message": "violates PodSecurity"}]),
            [],
            "PodsRefused",
        ),
    ],
)
def test_how_the_workers_are_doing(live: dict[str, Any], pods: list[dict[str, Any]], reason: str) -> None:
    assert workers_finding("classify", live, pods).reason == reason


def test_the_most_important_pod_problem_is_reported() -> None:
    pods = [
        {
            "metadata": {"name": "a"},
            "status": {"conditions": [{"type": "PodScheduled", "reason": "Unschedulable", "message": "no cpu"}]},
        },
        pod(
            "b",
            lastState={
                "terminated": {
                    "exitCode": 2,
                    "message": 'log\nstage "classify": model x: sha256 is 1, the pipeline says 2\n',
                }
            },
        ),
        pod("c", state={"waiting": {"reason": "ImagePullBackOff", "message": "back-off"}}),
    ]
    found = workers_finding("classify", deployment(), pods)
    assert (found.reason, found.message) == (
        "ModelChecksumMismatch",
        'stage "classify": model x: sha256 is 1, the pipeline says 2',
    )


def test_a_worker_that_fails_its_self_test_says_what_differed() -> None:
    message = 'stage "classify": self-test failed: file:a.png: predictions[0].label: expected seven, got one'
    state = {"terminated": {"exitCode": 2, "message": f"model loaded\n{message}\n"}}
    found = workers_finding("classify", deployment(), [pod(lastState=state)])
    assert (found.reason, found.message) == ("SelfTestFailed", message)


def test_a_worker_of_a_queue_says_that_kafka_has_no_share_groups() -> None:
    message = f'stage "classify": Kafka at b:9092 {NO_SHARE_GROUPS}, which mode Queue needs: use Kafka 4.2 or later'
    state = {"terminated": {"exitCode": 2, "message": f"model loaded\n{message}\n"}}
    found = workers_finding("classify", deployment(), [pod(lastState=state)])
    assert (found.reason, found.message) == ("NoShareGroups", message)


def test_a_pod_that_is_going_says_nothing() -> None:
    going = pod(state={"waiting": {"reason": "ErrImagePull"}})
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert workers_finding("classify", deployment(), [going]).reason == "WorkersStarting"


def reporting(message: str | None, **metadata: str) -> dict[str, Any]:
    state = {"running": {}} if message is None else {"terminated": {"exitCode": 0, "message": message}}
    return {"metadata": metadata, "status": {"initContainerStatuses": [{"name": "execution", "state": state}]}}


@pytest.mark.parametrize(
    ("pods", "expected"),
    [
        ([], ""),
        ([pod()], ""),
        ([reporting(None)], ""),
        ([reporting("Cuda TensorFloat32: the worker has a GPU\n")], "Cuda TensorFloat32: the worker has a GPU"),
        ([reporting("Cuda Float32: a"), reporting("Cpu Float32: no driver")], "Cpu Float32: no driver"),
        ([reporting("Cuda Float32: a"), reporting("Cpu Float32: b", deletionTimestamp="t")], "Cuda Float32: a"),
    ],
)
def test_the_status_says_how_workers_with_a_gpu_run(pods: list[dict[str, Any]], expected: str) -> None:
    assert execution_of(pods) == expected


def test_a_gpu_image_that_cannot_be_pulled_is_a_problem_although_its_worker_waits() -> None:
    waiting = {"state": {"waiting": {"reason": "PodInitializing"}}}
    init = {"name": "execution", "image": "g:1", "state": {"waiting": {"reason": "ImagePullBackOff"}}}
    found = pod(**waiting)
    found["status"]["initContainerStatuses"] = [init]
    finding = workers_finding("s", deployment(), [found])
    assert (finding.reason, finding.message) == ("ImagePullBackOff", 'stage "s": image g:1: ImagePullBackOff')
