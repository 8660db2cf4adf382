"""Callers of the ingestion service in the kind cluster: service accounts, their rights and their tokens."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.support.on_kind.ingestion import IngestionClient

if TYPE_CHECKING:
    from kind.cluster import Cluster

_RBAC = "rbac.authorization.k8s.io"
_LIFETIME = "6h"


def signed_in(cluster: Cluster) -> IngestionClient:
    """A client of the sample pipeline that may do everything with its images."""
    return IngestionClient(token(cluster, "demo", "tester", "admin"))


def token(cluster: Cluster, namespace: str, account: str, *roles: str, of: str = "demo") -> str:
    """A token of a service account, which has roles of the chart (`viewer`, …) in the namespace `of`."""
    made: list[dict[str, Any]] = [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": account, "namespace": namespace}}
    ]
    made += [
        {
            "apiVersion": f"{_RBAC}/v1",
            "kind": "RoleBinding",
            "metadata": {"name": f"{account}-{role}", "namespace": of},
            "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": f"darkroom-{role}"},
            "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": namespace}],
        }
        for role in roles
    ]
    cluster.run_kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": made}))
    lifetime = ("--audience", "darkroom", "--duration", _LIFETIME)
    return cluster.run_kubectl("create", "token", account, "-n", namespace, *lifetime).strip()
