"""What Strimzi, Kubernetes and pods say, in our words."""

from typing import Any

import pytest

from darkroom.kafka.strimzi import choose_listener, ports
from darkroom_operator.kafka.strimzi_credentials import user_finding
from darkroom_operator.kafka.strimzi_topics import topic_finding
from darkroom_operator.kube.errors import ApiError
from darkroom_operator.reconcile.workers import workers_finding
from darkroom_operator.status.findings import Finding, refused, worst

GOOD = Finding(ready=True, reason="AllReady")


def answered(*conditions: dict[str, str], generation: int = 2, observed: int = 2) -> dict[str, Any]:
    return {
        "metadata": {"name": "t", "namespace": "kafka", "generation": generation},
        "status": {"observedGeneration": observed, "conditions": list(conditions)},
    }


READY = {"type": "Ready", "status": "True"}


def not_ready(reason: str, message: str = "") -> dict[str, str]:
    return {"type": "Ready", "status": "False", "reason": reason, "message": message}


# The conditions are as the real Topic Operator was seen to write them.
@pytest.mark.parametrize(
    ("live", "reason"),
    [
        (answered(READY), "AllReady"),
        (answered(READY, observed=1), "WaitingForTopicOperator"),
        ({"metadata": {"name": "t", "namespace": "kafka", "generation": 1}}, "WaitingForTopicOperator"),
        (answered({"type": "Unmanaged", "status": "True"}), "WaitingForTopicOperator"),
        (answered({"type": "ReconciliationPaused", "status": "True"}), "TopicPaused"),
        (answered(not_ready("NotSupported", "Decreasing partitions not supported")), "TopicRefused"),
        (answered(not_ready("ResourceConflict", "Managed by Ref{...}")), "TopicConflict"),
        (
            answered(not_ready("KafkaError", "org.apache.kafka.common.errors.TimeoutException: Timed out")),
            "KafkaUnreachable",
        ),
        (answered(not_ready("KafkaError", "...InvalidConfigurationException: Unknown topic config")), "TopicRefused"),
    ],
)
def test_what_the_topic_operator_says(live: dict[str, Any], reason: str) -> None:
    assert topic_finding(live).reason == reason


@pytest.mark.parametrize(
    ("live", "reason"),
    [
        (answered(READY), "AllReady"),
        (answered(READY, observed=1), "WaitingForUserOperator"),
        (answered({"type": "NotReady", "status": "True", "reason": "X", "message": "no Secret"}), "UserRefused"),
    ],
)
def test_what_the_user_operator_says(live: dict[str, Any], reason: str) -> None:
    assert user_finding(live).reason == reason


def kafka(*listeners: tuple[str, bool, str | None, str]) -> dict[str, Any]:
    return {
        "spec": {
            "kafka": {
                "listeners": [
                    {"name": n, "tls": tls, "type": kind, **({"authentication": {"type": auth}} if auth else {})}
                    for n, tls, auth, kind in listeners
                ]
            }
        },
        "status": {"listeners": [{"name": n, "bootstrapServers": f"{n}:9092"} for n, *_ in listeners]},
    }


@pytest.mark.parametrize(
    ("listeners", "chosen"),
    [
        ([("plain", False, None, "internal")], "plain"),
        ([("plain", False, None, "internal"), ("tls", True, "tls", "internal")], "tls"),
        ([("tls", True, "tls", "internal"), ("scram", True, "scram-sha-512", "internal")], "scram"),
        ([("scram", False, "scram-sha-512", "internal"), ("tls", True, None, "internal")], "scram"),
        ([("outside", True, "scram-sha-512", "loadbalancer"), ("plain", False, None, "internal")], "plain"),
        ([("outside", True, "scram-sha-512", "loadbalancer")], "outside"),
        ([("oauth", True, "oauth", "internal"), ("plain", False, None, "internal")], "plain"),
    ],
)
def test_the_safest_listener_inside_the_cluster_is_used(
    listeners: list[tuple[str, bool, str | None, str]], chosen: str
) -> None:
    found = choose_listener(kafka(*listeners))
    assert found is not None
    assert found.name == chosen


def test_a_kafka_that_has_told_no_address_has_no_listener() -> None:
    silent = {**kafka(("plain", False, None, "internal")), "status": {}}
    assert choose_listener(silent) is None
    assert choose_listener(kafka(("oauth", True, "oauth", "internal"))) is None


def test_ports_of_bootstrap_servers() -> None:
    assert ports("b1:9093,b2:9092,[::1]:9092") == (9092, 9093)


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


def test_the_most_telling_pod_is_quoted() -> None:
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


def test_a_pod_that_is_going_says_nothing() -> None:
    going = pod(state={"waiting": {"reason": "ErrImagePull"}})
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert workers_finding("classify", deployment(), [going]).reason == "WorkersStarting"


def test_the_first_problem_stands_for_all_and_they_are_counted() -> None:
    bad = [Finding(ready=False, reason=r, message=r) for r in ("First", "Second")]
    assert worst([GOOD, *bad], GOOD) == Finding(ready=False, reason="First", message="First (and 1 more)")
    assert worst([GOOD, GOOD], GOOD) is GOOD


def test_a_full_quota_is_told_from_other_refusals() -> None:
    quota = ApiError(403, "Forbidden", 'pods "x" is forbidden: exceeded quota: q')
    assert refused("x", quota).reason == "QuotaExceeded"
    assert refused("x", ApiError(403, "Forbidden", "no")).reason == "Forbidden"


@pytest.mark.parametrize(
    ("status", "passing"), [(0, True), (409, True), (429, True), (500, True), (503, True), (403, False), (422, False)]
)
def test_which_refusals_pass(status: int, passing: bool) -> None:
    assert ApiError(status, "X", "x").is_passing is passing
