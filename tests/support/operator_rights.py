"""What the operator's role in the chart has to allow, and no more: its tests run with exactly this."""

from typing import Any

_READ = ["get", "list", "watch"]
_KEEP = ["get", "list", "watch", "create", "patch", "delete"]

RULES: list[dict[str, Any]] = [
    {"apiGroups": ["darkroom.dev"], "resources": ["imagepipelines"], "verbs": ["get", "list", "watch", "patch"]},
    {"apiGroups": ["darkroom.dev"], "resources": ["imagepipelines/status"], "verbs": ["patch"]},
    # Where the API server enforces it, who sets an owner reference must be allowed to set the owner's finalizers.
    {"apiGroups": ["darkroom.dev"], "resources": ["imagepipelines/finalizers"], "verbs": ["update"]},
    {"apiGroups": ["kafka.strimzi.io"], "resources": ["kafkas"], "verbs": _READ},
    {"apiGroups": ["kafka.strimzi.io"], "resources": ["kafkatopics", "kafkausers"], "verbs": _KEEP},
    {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": _KEEP},
    {"apiGroups": [""], "resources": ["configmaps", "secrets", "serviceaccounts"], "verbs": _KEEP},
    {"apiGroups": ["policy"], "resources": ["poddisruptionbudgets"], "verbs": _KEEP},
    {"apiGroups": ["networking.k8s.io"], "resources": ["networkpolicies"], "verbs": _KEEP},
    {"apiGroups": ["monitoring.coreos.com"], "resources": ["podmonitors"], "verbs": _KEEP},
    {"apiGroups": [""], "resources": ["pods"], "verbs": _READ},
    {"apiGroups": [""], "resources": ["namespaces"], "verbs": _READ},
    {"apiGroups": ["apiextensions.k8s.io"], "resources": ["customresourcedefinitions"], "verbs": _READ},
    {"apiGroups": ["events.k8s.io"], "resources": ["events"], "verbs": ["create"]},
]

LEASE_RULES: list[dict[str, Any]] = [
    {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["get", "create", "update"]},
]
"""In the operator's own namespace."""
