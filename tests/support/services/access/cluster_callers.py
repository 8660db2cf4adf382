"""Callers of an ingestion service in a cluster: service accounts with the chart's roles, and their tokens."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.chart import Helm
from tests.support.kube.api_server import ApiServer

_RBAC = "rbac.authorization.k8s.io"
_ROLES = f"/apis/{_RBAC}/v1/clusterroles"


@dataclass(frozen=True)
class ClusterCallers:
    """Makes callers for the pipelines in `namespace`. The chart's ClusterRoles have the prefix `prefix`."""

    api_server: ApiServer
    namespace: str
    prefix: str

    def token(self, account: str, *roles: str, home: str = "", audience: str = "darkroom") -> str:
        """A token of a service account, which is in the namespace `home` and has roles such as `viewer`."""
        api, home = self.api_server.admin.api(), home or self.namespace
        api.apply(
            f"/api/v1/namespaces/{home}/serviceaccounts/{account}",
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": account}},
        )
        for role in roles:
            self.bind(account, {"apiGroup": _RBAC, "kind": "ClusterRole", "name": f"{self.prefix}-{role}"}, home)
        return self.api_server.admin.as_service_account(home, account, audience=audience).token

    def bind(self, account: str, role: dict[str, Any], home: str = "") -> None:
        """Give a role to a service account."""
        subject = {"kind": "ServiceAccount", "name": account, "namespace": home or self.namespace}
        name = f"{account}-{role['name']}"
        binding = {"metadata": {"name": name}, "roleRef": role, "subjects": [subject]}
        document = {"apiVersion": f"{_RBAC}/v1", "kind": "RoleBinding", **binding}
        path = f"/apis/{_RBAC}/v1/namespaces/{self.namespace}/rolebindings/{name}"
        self.api_server.admin.api().apply(path, document)


@contextmanager
def cluster_callers(api_server: ApiServer, namespace: str, folder: Path) -> Iterator[ClusterCallers]:
    """Callers, with the chart's roles until the end of the block."""
    api = api_server.admin.api()
    values = {"userRoles": {"prefix": namespace, "aggregate": False}}
    roles = [
        manifest
        for manifest in Helm(folder).template("darkroom", namespace, values)
        if manifest["metadata"].get("labels", {}).get("app.kubernetes.io/component") == "user-roles"
    ]
    for role in roles:
        api.apply(f"{_ROLES}/{role['metadata']['name']}", role)
    yield ClusterCallers(api_server, namespace, namespace)
    for role in roles:
        api.delete(f"{_ROLES}/{role['metadata']['name']}")
