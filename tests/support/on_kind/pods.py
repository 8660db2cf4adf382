"""Short-lived pods in the kind cluster that satisfy Pod Security `restricted`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kind.cluster import Cluster

_ENDED = "{.status.containerStatuses[0].state.terminated.exitCode}"


@dataclass(frozen=True)
class Ended:
    """The exit code of a pod's container and its log."""

    exit_code: int
    log: str


def restricted_pod(
    name: str,
    image: str,
    command: Sequence[str] = (),
    *,
    args: Sequence[str] = (),
    labels: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """A pod with one container, without rights and with a read-only root file system except /tmp."""
    container: dict[str, Any] = {
        "name": "main",
        "image": image,
        "imagePullPolicy": "Never",
        "args": list(args),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
    }
    if command:
        container["command"] = list(command)
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": dict(labels or {})},
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": 1,
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [container],
            "volumes": [{"name": "tmp", "emptyDir": {}}],
        },
    }


def run_pod(cluster: Cluster, namespace: str, pod: dict[str, Any], timeout_s: float = 120.0) -> Ended:
    """Create `pod`, wait for its end, and delete it."""
    name = pod["metadata"]["name"]
    cluster.run_kubectl("create", "-n", namespace, "-f", "-", stdin=json.dumps(pod))
    try:
        pod_of_ours = (f"pod/{name}", "-n", namespace)
        ended = f"--for=jsonpath={_ENDED}"
        cluster.run_kubectl("wait", *pod_of_ours, ended, f"--timeout={timeout_s}s", timeout_s=timeout_s + 30)
        exit_code = cluster.run_kubectl("get", *pod_of_ours, "-o", f"jsonpath={_ENDED}")
        return Ended(int(exit_code), cluster.run_kubectl("logs", *pod_of_ours))
    finally:
        cluster.run_kubectl("delete", "pod", "-n", namespace, name, "--wait=false")
