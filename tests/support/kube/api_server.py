"""A running API server, as a test sees it."""

import uuid
from dataclasses import dataclass
from pathlib import Path

from tests.support.kube.access import Access
from tests.support.kube.audit import AuditLog
from tests.support.until import until


@dataclass(frozen=True)
class ApiServer:
    """Access to it as admin, what it has been asked, and kubeconfigs for programs, written to `folder`."""

    admin: Access
    audit: AuditLog
    folder: Path
    kubectl: Path

    @property
    def kubeconfig(self) -> Path:
        """A kubeconfig file with every right."""
        return self.admin.write_kubeconfig(self.folder / "admin.kubeconfig")

    def kubeconfig_for_service_account(self, namespace: str, name: str) -> Path:
        """A kubeconfig file with the rights of a service account, for a program that a chart would run as that."""
        access = self.admin.as_service_account(namespace, name)
        return access.write_kubeconfig(self.folder / f"{namespace}.{name}.kubeconfig")

    def namespace(self, prefix: str = "test", labels: dict[str, str] | None = None) -> str:
        """Make a namespace that no other test uses. It is discarded with the API server.

        Deleting it would cost the API server more CPU time than most tests: the namespace controller lists every kind
        of object in each namespace, twice.
        """
        name = f"{prefix}-{uuid.uuid4().hex[:8]}"
        api = self.admin.api()
        api.create("/api/v1/namespaces", {"metadata": {"name": name, "labels": labels or {}}})
        # Pods are refused before that.
        account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
        until(lambda: api.find(account), f"a default service account in {name}")
        return name
