"""A running API server, for tests."""

import uuid
from dataclasses import dataclass
from pathlib import Path

from tests.support.kube.access import Access
from tests.support.kube.audit import AuditLog
from tests.support.until import until


@dataclass(frozen=True)
class ApiServer:
    """Admin access, the audit log, and kubeconfigs for programs, written to `folder`."""

    admin: Access
    audit: AuditLog
    folder: Path
    kubectl: Path

    @property
    def kubeconfig(self) -> Path:
        """A kubeconfig file with all rights."""
        return self.admin.write_kubeconfig(self.folder / "admin.kubeconfig")

    def kubeconfig_for_service_account(self, namespace: str, name: str) -> Path:
        """A kubeconfig file with the rights of a service account."""
        access = self.admin.as_service_account(namespace, name)
        return access.write_kubeconfig(self.folder / f"{namespace}.{name}.kubeconfig")

    def namespace(self, prefix: str = "test", labels: dict[str, str] | None = None) -> str:
        """Create a namespace for one test. It is discarded with the API server.

        Deleting it would take more CPU time than most tests: the namespace controller lists every kind of object in the
        namespace, twice.
        """
        name = f"{prefix}-{uuid.uuid4().hex[:8]}"
        api = self.admin.api()
        api.create("/api/v1/namespaces", {"metadata": {"name": name, "labels": labels or {}}})
        # Pods are refused before this account exists.
        account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
        until(lambda: api.find(account), f"a default service account in {name}")
        return name
