"""A Kafka resource with the status that the Cluster Operator gives it: addresses of the brokers and their CA."""

import base64
from dataclasses import dataclass

from darkroom.kafka.consent import ALLOWED_NAMESPACES
from tests.support.kube.api import Api, Manifest


@dataclass(frozen=True)
class KafkaListener:
    """A listener in a Kafka resource. `authentication` is scram-sha-512, tls or nothing."""

    name: str
    bootstrap_servers: str
    tls: bool = False
    authentication: str = ""


def install_kafka(
    api: Api,
    namespace: str,
    name: str,
    listeners: list[KafkaListener],
    ca: str = "",
    authorization: str = "",
    allowed_namespaces: str | None = "*",
) -> None:
    """Create or update the Kafka resource, Ready, and with `ca` (PEM) the Secret `<name>-cluster-ca-cert`.

    `authorization` is the type, simple or custom; the resource of a broker without an authorizer has none.
    `allowed_namespaces` may use it, as its annotation says; None: it has no annotation.
    """
    api.apply(_path(namespace, name), _kafka(name, listeners, authorization, allowed_namespaces), "cluster-operator")
    report_kafka(api, namespace, name, listeners, ca)


def report_kafka(api: Api, namespace: str, name: str, listeners: list[KafkaListener], ca: str = "") -> None:
    """Write the status of an existing Kafka resource: Ready, with the addresses of its brokers and its `ca`."""
    path = _path(namespace, name)
    kafka = api.get(path)
    if ca:
        secret = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": f"{name}-cluster-ca-cert", "labels": {"strimzi.io/cluster": name}},
            "data": {"ca.crt": base64.b64encode(ca.encode()).decode()},
        }
        api.apply(f"/api/v1/namespaces/{namespace}/secrets/{name}-cluster-ca-cert", secret, "cluster-operator")
    status = {
        "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}],
        "observedGeneration": kafka["metadata"]["generation"],
        "listeners": [_status(listener, ca) for listener in listeners],
    }
    api.merge(f"{path}/status", {"status": status})


def _path(namespace: str, name: str) -> str:
    return f"/apis/kafka.strimzi.io/v1/namespaces/{namespace}/kafkas/{name}"


def _kafka(name: str, listeners: list[KafkaListener], authorization: str, allowed_namespaces: str | None) -> Manifest:
    annotations = {} if allowed_namespaces is None else {ALLOWED_NAMESPACES: allowed_namespaces}
    return {
        "apiVersion": "kafka.strimzi.io/v1",
        "kind": "Kafka",
        "metadata": {"name": name, "annotations": annotations},
        "spec": {
            "kafka": {
                **({"authorization": {"type": authorization}} if authorization else {}),
                "listeners": [
                    {
                        "name": listener.name,
                        "port": int(listener.bootstrap_servers.rsplit(":", 1)[1]),
                        "type": "internal",
                        "tls": listener.tls,
                        **({"authentication": {"type": listener.authentication}} if listener.authentication else {}),
                    }
                    for listener in listeners
                ],
            },
            "entityOperator": {"topicOperator": {}, "userOperator": {}},
        },
    }


def _status(listener: KafkaListener, ca: str) -> Manifest:
    addresses = [server.rsplit(":", 1) for server in listener.bootstrap_servers.split(",")]
    return {
        "name": listener.name,
        "bootstrapServers": listener.bootstrap_servers,
        "addresses": [{"host": host, "port": int(port)} for host, port in addresses],
        **({"certificates": [ca]} if listener.tls and ca else {}),
    }
