"""NetworkPolicies: workers may reach Kafka, DNS, the sources of their files and the collector, and serve metrics."""

from typing import Any

from darkroom.api.pipeline import ImagePipeline
from darkroom.topology import StagePlan
from darkroom_operator.builders.metadata import child_metadata, worker_selector
from darkroom_operator.builders.workload import PORT, Fetched, Peer, Workload
from darkroom_operator.kube.kinds import NETWORK_POLICY
from darkroom_operator.kube.transport import Manifest

DNS_PORT = 53
NAMESPACE_NAME = "kubernetes.io/metadata.name"
ADDRESSES = {
    "0.0.0.0/0": ["169.254.0.0/16", "100.100.100.200/32", "168.63.129.16/32"],
    "::/0": ["fe80::/10", "fd00:ec2::254/128", "fd20:ce::254/128"],
}
"""All addresses, each network without its link-local addresses and the addresses of clouds' metadata services.

Sources: metadata services of Alibaba Cloud (100.100.100.200), AWS (fd00:ec2::254) and Google Cloud (fd20:ce::254), the
WireServer of Azure (168.63.129.16). Those of all others are link-local.
"""


def network_policy(pipeline: ImagePipeline, stage: StagePlan, workload: Workload) -> Manifest:
    """The NetworkPolicy of the workers of `stage`."""
    dns = {"ports": [{"port": DNS_PORT, "protocol": protocol} for protocol in ("UDP", "TCP")]}
    reached = {file.port for file in workload.files.by_role.values() if isinstance(file, Fetched)}
    if workload.tracing is not None:
        reached.add(workload.tracing.port)
    others = [{"ports": _tcp(*sorted(reached)), "to": _anywhere()}] if reached else []
    return {
        "apiVersion": NETWORK_POLICY.api_version,
        "kind": NETWORK_POLICY.name,
        "metadata": child_metadata(pipeline, stage.name),
        "spec": {
            "podSelector": {"matchLabels": worker_selector(pipeline.name, stage.name)},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"ports": _tcp(PORT)}],
            "egress": [dns, _kafka(workload.kafka.peer), *others],
        },
    }


def _kafka(peer: Peer) -> dict[str, Any]:
    rule = {"ports": _tcp(*peer.ports)}
    if peer.namespace is None:
        return {**rule, "to": _anywhere()}
    selected: dict[str, Any] = {"namespaceSelector": {"matchLabels": {NAMESPACE_NAME: peer.namespace}}}
    if peer.pod_labels:
        selected["podSelector"] = {"matchLabels": dict(peer.pod_labels)}
    return {**rule, "to": [selected]}


def _anywhere() -> list[dict[str, Any]]:
    """Hosts outside the cluster, and pods: some network plugins do not count pods among the addresses of an ipBlock."""
    blocks = [{"ipBlock": {"cidr": network, "except": excluded}} for network, excluded in ADDRESSES.items()]
    return [*blocks, {"namespaceSelector": {}}]


def _tcp(*ports: int) -> list[dict[str, Any]]:
    return [{"port": port, "protocol": "TCP"} for port in ports]
