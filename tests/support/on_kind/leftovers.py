"""Removes leftovers of an aborted run, including finalizers whose operators no longer run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.on_kind import kubectl

if TYPE_CHECKING:
    from kind.cluster import Cluster

RESTRICTED = "pod-security.kubernetes.io/enforce=restricted"
NAMESPACES = ("demo", "darkroom", "kafka")
_KINDS = {"imagepipelines.darkroom.dev": "imagepipelines", "kafkatopics.kafka.strimzi.io": "kafkatopics"}
_FOREVER = '{"metadata": {"finalizers": null}}'


def clear(cluster: Cluster) -> None:
    """Remove the release, the sample and Kafka from the cluster."""
    cluster_wide = ("clusterrole,clusterrolebinding", "-l", "app.kubernetes.io/part-of=darkroom")
    cluster.run_kubectl("delete", *cluster_wide)
    cluster.run_kubectl("delete", "deployment", "--all", "-n", "darkroom", "--ignore-not-found")
    crds = kubectl.names(cluster, "crd")
    for crd, kind in _KINDS.items():
        if crd in crds:
            _let_go(cluster, kind)
    cluster.run_kubectl("delete", "namespace", *NAMESPACES, "--ignore-not-found", timeout_s=180)
    for crd in crds:
        if crd in _KINDS:
            cluster.run_kubectl("delete", "crd", crd)


def _let_go(cluster: Cluster, kind: str) -> None:
    """Delete all objects of a kind, with their finalizers."""
    where = cluster.run_kubectl(
        "get", kind, "-A", "-o", 'jsonpath={range .items[*]}{.metadata.namespace} {.metadata.name}{"\\n"}{end}'
    )
    for line in where.splitlines():
        namespace, name = line.split()
        cluster.run_kubectl("patch", kind, name, "-n", namespace, "--type=merge", "-p", _FOREVER)
        cluster.run_kubectl("delete", kind, name, "-n", namespace, "--ignore-not-found")
