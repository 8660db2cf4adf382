"""Service accounts of a cluster, with Roles and tokens, and one account that may review access."""

from dataclasses import dataclass
from pathlib import Path

from darkroom.access.right import Right
from tests.support.kube.access import Access
from tests.support.kube.api_server import ApiServer

RBAC = "/apis/rbac.authorization.k8s.io/v1"


@dataclass
class Accounts:
    """An account that may review access, and accounts in one namespace."""

    api_server: ApiServer
    namespace: str
    folder: Path

    def account(self, name: str, *rights: Right, pipelines: list[str] | None = None) -> None:
        """Create a service account with rights to pipelines of the namespace, to all of them by default."""
        api, metadata = self.api_server.admin.api(), {"name": name, "namespace": self.namespace}
        api.create(f"/api/v1/namespaces/{self.namespace}/serviceaccounts", {"metadata": metadata})
        named = {"resourceNames": pipelines} if pipelines else {}
        rules = [
            {
                "apiGroups": ["darkroom.dev"],
                "resources": [f"imagepipelines/{right.subresource}"],
                "verbs": [right.verb],
                **named,
            }
            for right in rights
        ]
        api.create(f"{RBAC}/namespaces/{self.namespace}/roles", {"metadata": metadata, "rules": rules})
        self._bind(f"{RBAC}/namespaces/{self.namespace}/rolebindings", name, self.namespace, "Role", name)

    def token(self, name: str, audience: str = "darkroom") -> str:
        """A token of a service account."""
        request = {"spec": {"audiences": [audience], "expirationSeconds": 600}}
        path = f"/api/v1/namespaces/{self.namespace}/serviceaccounts/{name}/token"
        token: str = self.api_server.admin.api().create(path, request)["status"]["token"]
        return token

    def is_deleted(self, token: str) -> bool:
        """Whether the API server no longer knows the account of a token. It keeps what it has decided for 10 s."""
        review = {"spec": {"token": token, "audiences": ["darkroom"]}}
        path = "/apis/authentication.k8s.io/v1/tokenreviews"
        return not self.api_server.admin.api().create(path, review)["status"].get("authenticated")

    def credentials(self, access: Access | None = None) -> tuple[str, Path]:
        """The API server's URL and a folder with credentials of an account that may review access."""
        api = self.api_server.admin.api()
        account = f"/api/v1/namespaces/{self.namespace}/serviceaccounts"
        if api.find(f"{account}/reviewer") is None:
            api.create(account, {"metadata": {"name": "reviewer"}})
            bindings = f"{RBAC}/clusterrolebindings"
            self._bind(bindings, "reviewer", self.namespace, "ClusterRole", "system:auth-delegator")
        reviewer = self.api_server.admin.as_service_account(self.namespace, "reviewer")
        (self.folder / "token").write_text(reviewer.token)
        (self.folder / "ca.crt").write_text(reviewer.ca or "")
        return (access or reviewer).server, self.folder

    def _bind(self, path: str, account: str, namespace: str, kind: str, role: str) -> None:
        subject = {"kind": "ServiceAccount", "name": account, "namespace": namespace}
        body = {
            "metadata": {"name": f"{namespace}.{account}"},
            "subjects": [subject],
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role},
        }
        self.api_server.admin.api().create(path, body)
