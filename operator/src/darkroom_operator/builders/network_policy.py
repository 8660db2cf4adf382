"""NetworkPolicies: workers may reach Kafka, DNS and the sources of their files, and serve metrics; nothing else."""

from typing import Any

from darkroom.api.pipeline import ImagePipeline
from darkroom.topology import StagePlan
from darkroom_operator.builders.metadata import child_metadata, worker_selector
from darkroom_operator.builders.workload import PORT, Fetched, Peer, Workload
from darkroom_operator.kube.kinds import NETWORK_POLICY
from darkroom_operator.kube.transport import Manifest

DNS_PORT = 53
NAMESPACE_NAME = "kubernetes.io/metadata.name"


def network_policy(pipeline: ImagePipeline, stage: StagePlan, workload: Workload) -> Manifest:
    """The NetworkPolicy of the workers of `stage`."""
    dns = {"ports": [{"port": DNS_PORT, "protocol": protocol} for protocol in ("UDP", "TCP")]}
    fetched = {file.port for file in workload.files.by_role.values() if isinstance(file, Fetched)}
    sources = [{"ports": _tcp(*sorted(fetched))}] if fetched else []
    return {
        "apiVersion": NETWORK_POLICY.api_version,
        "kind": NETWORK_POLICY.name,
        "metadata": child_metadata(pipeline, stage.name),
        "spec": {
            "podSelector": {"matchLabels": worker_selector(pipeline.name, stage.name)},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"ports": _tcp(PORT)}],
            "egress": [dns, _kafka(workload.kafka.peer), *sources],
        },
    }


def _kafka(peer: Peer) -> dict[str, Any]:
    rule: dict[str, Any] = {"ports": _tcp(*peer.ports)}
    if peer.namespace is not None:
        selected: dict[str, Any] = {"namespaceSelector": {"matchLabels": {NAMESPACE_NAME: peer.namespace}}}
        if peer.pod_labels:
            selected["podSelector"] = {"matchLabels": dict(peer.pod_labels)}
        rule["to"] = [selected]
    return rule


def _tcp(*ports: int) -> list[dict[str, Any]]:
    return [{"port": port, "protocol": "TCP"} for port in ports]
