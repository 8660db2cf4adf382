"""The API server's audit log: who requested what, to assert, for example, "no write in steady state"."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})

# Exclude health probes and the cluster's components.
POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "None", "users": ["system:apiserver", "system:kube-controller-manager"]},
        {"level": "None", "nonResourceURLs": ["/readyz*", "/livez*", "/healthz*"]},
        {"level": "Metadata"},
    ],
}


@dataclass(frozen=True)
class AuditedRequest:
    """One completed request; `code` is the HTTP status. A watch is counted at its start."""

    user: str
    verb: str
    group: str
    resource: str
    subresource: str
    namespace: str
    name: str
    code: int
    user_agent: str

    @property
    def is_write(self) -> bool:
        """Whether the request would change a stored object. Reviews and tokens are created but not stored."""
        return self.verb in WRITES and self.group not in {"authorization.k8s.io", "authentication.k8s.io"}

    @classmethod
    def parse(cls, event: dict[str, Any]) -> Self:
        reference = event.get("objectRef", {})
        return cls(
            user=event["user"]["username"],
            verb=event["verb"],
            group=reference.get("apiGroup", ""),
            resource=reference.get("resource", ""),
            subresource=reference.get("subresource", ""),
            namespace=reference.get("namespace", ""),
            name=reference.get("name", ""),
            code=event.get("responseStatus", {}).get("code", 0),
            user_agent=event.get("userAgent", ""),
        )


@dataclass(frozen=True)
class AuditLog:
    """The log from a point in time on. The API server logs a request after its response."""

    path: Path
    start: int = 0

    def from_now(self) -> "AuditLog":
        """The log of the requests after this call."""
        return AuditLog(self.path, self.path.stat().st_size)

    def requests(self, user: str | None = None) -> list[AuditedRequest]:
        """The requests since `start`, in order; of one user, such as "system:serviceaccount:demo:operator"."""
        with self.path.open("rb") as file:
            file.seek(self.start)
            whole_lines = file.read().rpartition(b"\n")[0].splitlines()
        events = [json.loads(line) for line in whole_lines]
        counted = [AuditedRequest.parse(event) for event in events if _counts(event)]
        return [request for request in counted if user is None or request.user == user]

    def writes(self, user: str | None = None) -> list[AuditedRequest]:
        """The requests that would change a stored object, successful or not."""
        return [request for request in self.requests(user) if request.is_write]


def _counts(event: dict[str, Any]) -> bool:
    """Select one event per request: a watch also has one at its end, which may be much later."""
    begins = event["stage"] == "ResponseStarted"
    return begins if event["verb"] == "watch" else not begins
