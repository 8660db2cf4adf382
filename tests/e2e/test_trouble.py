"""Common failures in a cluster while images are sent: no image is lost, and the operator recovers."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest

from kind.commands import KindError
from kind.settings import NODE
from tests.support.on_kind import kubectl
from tests.support.on_kind.callers import signed_in
from tests.support.on_kind.ingestion import PICTURES, IngestionClient, Stream

if TYPE_CHECKING:
    from kind.cluster import Cluster
    from tests.support.on_kind.numbers import Numbers

pytestmark = pytest.mark.e2e

# IPv4 and IPv6, separately.
_FAMILIES = 2
_OPERATOR = "app.kubernetes.io/component=operator"


def leader(cluster: Cluster) -> str:
    """The leading operator's pod; empty if no existing pod leads."""
    lease = kubectl.get(cluster, "lease", "darkroom-operator", "-n", "darkroom")
    holder = lease.get("spec", {}).get("holderIdentity") or ""
    pods = kubectl.pods(cluster, "darkroom", _OPERATOR)
    return next((pod for pod in pods if holder.startswith(pod)), "")


def another_leader(cluster: Cluster, former: str) -> str:
    """Wait for another leader. Returns its pod."""
    return kubectl.seen(lambda: (now := leader(cluster)) != former and now, f"a leader after {former}", 60)


def asked_for(cluster: Cluster, replicas: int) -> None:
    """Scale the pipeline, and wait until the operator has scaled the Deployment."""
    cluster.run_kubectl("scale", "imgp/digits", "-n", "demo", f"--replicas={replicas}")
    deployment = ("deployment", "digits-embed", "-n", "demo")
    kubectl.seen(
        lambda: kubectl.get(cluster, *deployment)["spec"]["replicas"] == replicas, f"{replicas} are asked for", 60
    )


def test_services_survive_a_restart_of_kube_proxy(cluster: Cluster, ingestion: IngestionClient) -> None:
    """kube-proxy compares all rules with the kernel's at its start, and once an hour.

    Before the kubelet's test, which has pods unready for a moment: Kubernetes 1.34.4 leaves the rules of an endpoint
    empty that comes back within a second of kube-proxy's start.
    """
    kube_proxy = ("-n", "kube-system", "-l", "k8s-app=kube-proxy")
    (former,) = kubectl.names(cluster, "pods", *kube_proxy)
    with Stream(ingestion) as stream:
        cluster.run_kubectl("delete", "pod", former, "-n", "kube-system")
        kubectl.rolled_out(cluster, "daemonset/kube-proxy", "kube-system")
        kubectl.seen(lambda: has_synced(cluster), "kube-proxy has written its rules")
        stream.flows()
    answers_on_new_connections(cluster)


def test_a_kubelet_that_restarts_disturbs_no_worker(cluster: Cluster, ingestion: IngestionClient) -> None:
    before = started_at(cluster)
    with Stream(ingestion) as stream:
        cluster.engine.run("exec", NODE, "systemctl", "restart", "kubelet")
        kubectl.wait(cluster, f"node/{NODE}", "condition=Ready")
        stream.flows()
        kubectl.wait(cluster, "imgp/digits", "condition=Ready", "-n", "demo")
        kubectl.rolled_out(cluster, "statefulset/darkroom-ingestion", "darkroom")
        stream.flows()
    assert started_at(cluster) == before
    answers_on_new_connections(cluster)


def test_a_deleted_leader_hands_over(cluster: Cluster, ingestion: IngestionClient, numbers: Numbers) -> None:
    former = leader(cluster)
    with Stream(ingestion):
        started = time.monotonic()
        cluster.run_kubectl("delete", "pod", former, "-n", "darkroom", "--wait=false")
        another_leader(cluster, former)
        numbers.measured("a leader is deleted, until another leads", time.monotonic() - started, "s", at_most=30)
        asked_for(cluster, 2)
        kubectl.rolled_out(cluster, "deployment/darkroom-operator", "darkroom")


def test_a_leader_that_is_killed_is_replaced(cluster: Cluster, ingestion: IngestionClient, numbers: Numbers) -> None:
    former = leader(cluster)
    with Stream(ingestion):
        started = time.monotonic()
        cluster.run_kubectl("delete", "pod", former, "-n", "darkroom", "--grace-period=0", "--force")
        another_leader(cluster, former)
        numbers.measured("a leader is killed, until another leads", time.monotonic() - started, "s", at_most=45)
        asked_for(cluster, 1)
        kubectl.rolled_out(cluster, "deployment/darkroom-operator", "darkroom")


def answers_on_new_connections(cluster: Cluster) -> None:
    """Have an image analysed over new connections, because existing ones do not need kube-proxy's rules."""
    newcomer = signed_in(cluster)
    assert newcomer.analysed(PICTURES[0])["state"] == "Analyzed"
    newcomer.close()


def started_at(cluster: Cluster) -> dict[str, str]:
    """The start time of every worker's container."""
    pods = kubectl.pods(cluster, "demo", "darkroom.dev/pipeline=digits")
    states = {name: pod["status"]["containerStatuses"][0]["state"] for name, pod in pods.items()}
    return {name: state["running"]["startedAt"] for name, state in states.items()}


def has_synced(cluster: Cluster) -> bool:
    """Whether kube-proxy has written all its rules since its start; False while it does not serve its metrics yet."""
    try:
        metrics = cluster.engine.run("exec", NODE, "curl", "-sS", "http://127.0.0.1:10249/metrics")
    except KindError:
        return False
    counts = re.findall(r"^kubeproxy_sync_full_proxy_rules_duration_seconds_count\S* (\d+)", metrics, re.MULTILINE)
    return sum(map(int, counts)) >= _FAMILIES
