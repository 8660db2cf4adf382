"""The state of the cluster for the report of a failed test, because the cluster is deleted afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kind.cluster import Cluster

_NAMESPACES = ("darkroom", "demo")
_LINES = 60


def evidence(cluster: Cluster) -> Iterator[tuple[str, str]]:
    """Titles and texts: pods, recent events, and the last log lines of Darkroom's pods."""
    yield "pods", _said(cluster, "get", "pods", "-A", "-o", "wide")
    for namespace in _NAMESPACES:
        events = _said(cluster, "get", "events", "-n", namespace, "--sort-by=.lastTimestamp")
        yield f"events in {namespace}", "\n".join(events.splitlines()[-_LINES:])
        for pod in _said(cluster, "get", "pods", "-n", namespace, "-o", "name").split():
            yield f"log of {pod} in {namespace}", _said(cluster, "logs", pod, "-n", namespace, f"--tail={_LINES}")


def _said(cluster: Cluster, *arguments: str) -> str:
    """The output of kubectl, or why there is none: a report must not fail."""
    try:
        return cluster.run_kubectl(*arguments, timeout_s=20)
    except Exception as error:  # noqa: BLE001
        return str(error)
