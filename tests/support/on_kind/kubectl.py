"""Queries of the e2e tests with kubectl."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

from tests.support.until import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from kind.cluster import Cluster

WAIT_S = 120
# Long, because every query starts a process.
_EVERY_S = 0.5

T = TypeVar("T")


def get(cluster: Cluster, *what: str) -> dict[str, Any]:
    """`kubectl get` as JSON; an empty object if there is none of that name."""
    said = cluster.run_kubectl("get", *what, "-o", "json", "--ignore-not-found")
    found: dict[str, Any] = json.loads(said) if said.strip() else {}
    return found


def names(cluster: Cluster, *what: str) -> list[str]:
    """The names of all objects that `kubectl get` finds."""
    said = cluster.run_kubectl("get", *what, "-o", "jsonpath={.items[*].metadata.name}", "--ignore-not-found")
    return said.split()


def wait(cluster: Cluster, what: str, condition: str, *more: str, timeout_s: int = WAIT_S) -> None:
    """`kubectl wait`."""
    cluster.run_kubectl("wait", what, f"--for={condition}", f"--timeout={timeout_s}s", *more, timeout_s=timeout_s + 30)


def rolled_out(cluster: Cluster, workload: str, namespace: str, timeout_s: int = WAIT_S) -> None:
    """Wait until every pod of a workload has the latest version and is ready."""
    arguments = ("rollout", "status", workload, "-n", namespace, f"--timeout={timeout_s}s")
    cluster.run_kubectl(*arguments, timeout_s=timeout_s + 30)


def pods(cluster: Cluster, namespace: str, selector: str) -> dict[str, dict[str, Any]]:
    """Pods that are not being deleted, by name."""
    found = get(cluster, "pods", "-n", namespace, "-l", selector)["items"]
    return {pod["metadata"]["name"]: pod for pod in found if "deletionTimestamp" not in pod["metadata"]}


def seen(condition: Callable[[], T | None], what: str, timeout_s: float = WAIT_S) -> T:
    """`until`, for conditions that use kubectl."""
    return until(condition, what, timeout_s, _EVERY_S)


def gone(cluster: Cluster, *what: str, timeout_s: float = WAIT_S) -> None:
    """Wait until the object does not exist."""
    seen(lambda: not get(cluster, *what), f"{' '.join(what)} is gone", timeout_s)


def memory_mib(cluster: Cluster, namespace: str, container: str) -> float:
    """The average memory of the containers with this name, as the kubelet counts it against their limit."""
    node = cluster.run_kubectl("get", "nodes", "-o", "jsonpath={.items[0].metadata.name}")
    summary = json.loads(cluster.run_kubectl("get", "--raw", f"/api/v1/nodes/{node}/proxy/stats/summary"))
    used = [
        usage["memory"]["workingSetBytes"]
        for pod in summary["pods"]
        if pod["podRef"]["namespace"] == namespace
        for usage in pod.get("containers", [])
        if usage["name"] == container
    ]
    assert used, f"the kubelet knows no container {container} in {namespace}"
    return float(sum(used) / len(used) / 2**20)
