"""A KafkaUser resource: its spec, its Secret and its status. No input or output."""

import base64

from confluent_kafka.admin import AclBinding, AclOperation, AclPermissionType, ResourcePatternType, ResourceType

from tests.support.kube.api import Manifest
from tests.support.strimzi.status import status_of

_RESOURCE_TYPES = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "cluster": ResourceType.BROKER,
    "transactionalId": ResourceType.TRANSACTIONAL_ID,
}
_PATTERNS = {"literal": ResourcePatternType.LITERAL, "prefix": ResourcePatternType.PREFIXED}
_OPERATIONS = {operation.name.replace("_", "").lower(): operation for operation in AclOperation}


class InvalidResource(Exception):
    """The spec is invalid."""


def authentication(user: Manifest) -> str:
    """`scram-sha-512`, `tls`, `tls-external`, or nothing."""
    return str((user["spec"].get("authentication") or {}).get("type", ""))


def username(user: Manifest) -> str:
    """The name that Kafka knows the user by."""
    name = str(user["metadata"]["name"])
    return f"CN={name}" if authentication(user).startswith("tls") else name


def password_reference(user: Manifest) -> tuple[str, str] | None:
    """Name and key of the Secret that a password of the user's own is in."""
    password = user["spec"].get("authentication", {}).get("password")
    if password is None:
        return None
    reference = password["valueFrom"]["secretKeyRef"]
    return reference["name"], reference["key"]


def has_acls(user: Manifest) -> bool:
    """Whether the user asks for ACLs, even for none."""
    return user["spec"].get("authorization") is not None


def acls(user: Manifest) -> set[AclBinding]:
    """The user's rights as Kafka has them."""
    rules = (user["spec"].get("authorization") or {}).get("acls", [])
    return {
        AclBinding(
            _RESOURCE_TYPES[rule["resource"]["type"]],
            "kafka-cluster" if rule["resource"]["type"] == "cluster" else rule["resource"].get("name", ""),
            _PATTERNS[rule["resource"].get("patternType", "literal")],
            f"User:{username(user)}",
            rule.get("host", "*"),
            _OPERATIONS[operation.lower()],
            AclPermissionType[rule.get("type", "allow").upper()],
        )
        for rule in rules
        for operation in rule["operations"]
    }


def scram_secret(user: Manifest, password: str) -> Manifest:
    """The Secret of a user that authenticates with a password."""
    name = user["metadata"]["name"]
    jaas = "org.apache.kafka.common.security.scram.ScramLoginModule required"
    return _secret(user, {"password": password, "sasl.jaas.config": f'{jaas} username="{name}" password="{password}";'})


def tls_secret(user: Manifest, files: dict[str, bytes]) -> Manifest:
    """The Secret of a user that authenticates with a certificate; `files` as they are, not in base64."""
    secret = _secret(user, {})
    return {**secret, "data": {name: base64.b64encode(content).decode() for name, content in files.items()}}


def ready_status(user: Manifest) -> Manifest:
    secret = (
        {"secret": user["metadata"]["name"]} if authentication(user) in {"scram-sha-512", "tls"} else {"secret": None}
    )
    return status_of(user, {"type": "Ready", "status": "True"}, username=username(user), **secret)


def problem_status(user: Manifest, message: str) -> Manifest:
    condition = {"type": "NotReady", "status": "True", "reason": "ExecutionException", "message": message}
    return status_of(user, condition, username=None, secret=None)


def _secret(user: Manifest, text: dict[str, str]) -> Manifest:
    metadata = user["metadata"]
    owner = {
        "apiVersion": user["apiVersion"],
        "kind": user["kind"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        "blockOwnerDeletion": True,
        "controller": False,
    }
    labels = {
        "app.kubernetes.io/instance": metadata["name"],
        "app.kubernetes.io/managed-by": "strimzi-user-operator",
        "app.kubernetes.io/name": "strimzi-user-operator",
        "app.kubernetes.io/part-of": f"strimzi-{metadata['name']}",
        "strimzi.io/cluster": metadata["labels"]["strimzi.io/cluster"],
        "strimzi.io/kind": "KafkaUser",
    }
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {"name": metadata["name"], "labels": labels, "ownerReferences": [owner]},
        "data": {key: base64.b64encode(value.encode()).decode() for key, value in text.items()},
    }
