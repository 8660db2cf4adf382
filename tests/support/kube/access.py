"""Access to a cluster as a user: the API server's address, its CA, and a token."""

import base64
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from kubernetes.client import ApiClient, Configuration

from tests.support.kube.api import Api


@dataclass(frozen=True)
class Access:
    """The content of a kubeconfig. `ca` is None for plain HTTP (the fault proxy)."""

    server: str
    token: str
    ca: str | None = None

    @property
    def kubeconfig(self) -> dict[str, Any]:
        ca = {"certificate-authority-data": base64.b64encode(self.ca.encode()).decode()} if self.ca else {}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": {"server": self.server, **ca}}],
            "users": [{"name": "test", "user": {"token": self.token}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
            "current-context": "test",
        }

    def write_kubeconfig(self, path: Path) -> Path:
        """Write a kubeconfig file for programs (kubectl, helm, the operator). Returns its path."""
        path.write_text(yaml.safe_dump(self.kubeconfig))
        path.chmod(0o600)
        return path

    def client(self) -> ApiClient:
        """A client of the `kubernetes` package."""
        # Without a kubeconfig, for which the package would write the certificate to a temporary file.
        credentials = {"BearerToken": f"Bearer {self.token}"}
        return ApiClient(Configuration(host=self.server, api_key=credentials, ca_cert_data=self.ca))

    def api(self) -> Api:
        """The test tools' client."""
        return Api(self.client().configuration)

    def through(self, server: str) -> "Access":
        """The same user's access through a plain HTTP proxy at `server`."""
        return replace(self, server=server, ca=None)

    def as_service_account(
        self, namespace: str, name: str, *, expires_after_s: int = 86_400, audience: str = ""
    ) -> "Access":
        """Access with the rights of a service account, which must exist. Default audience: the API server."""
        request = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": expires_after_s, "audiences": [audience] if audience else []},
        }
        answer = self.api().create(f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token", request)
        return replace(self, token=answer["status"]["token"])
