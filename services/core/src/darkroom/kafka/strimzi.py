"""The listeners of a Strimzi Kafka resource, and the choice of one."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

DEFAULT_PORT = 9092

UserAuthentication = Literal["scram-sha-512", "tls"]

_PORT = re.compile(r"(?:^[^:]*|\]):(\d+)$")
_INTERNAL = {"internal", "cluster-ip"}
_SAFEST_FIRST: tuple[tuple[bool, str | None], ...] = (
    (True, "scram-sha-512"),
    (True, "tls"),
    (False, "scram-sha-512"),
    (True, None),
    (False, None),
)
"""TLS and authentication of a listener, safest first. Other authentication (OAuth, custom) is not supported."""


@dataclass(frozen=True)
class Listener:
    """An address of the brokers, with its encryption and authentication."""

    name: str
    bootstrap_servers: str
    tls: bool
    authentication: UserAuthentication | None
    internal: bool


def choose_listener(kafka: Mapping[str, Any]) -> Listener | None:
    """The listener for clients in the Kubernetes cluster: the safest internal one, else the safest of all.

    None if Strimzi has not published an address yet, or if no listener is supported.
    """
    usable = list(_listeners(kafka))
    return min(usable, key=_rank) if usable else None


def supports_acls(kafka: Mapping[str, Any]) -> bool:
    """Whether the User Operator manages ACLs of this Kafka. If not, it refuses a KafkaUser with `authorization`.

    Source: Strimzi 1.2.0: it does for `simple`, and for `custom` with `supportsAdminApi`.
    """
    authorization = _authorization(kafka)
    return authorization.get("type") == "simple" or authorization.get("supportsAdminApi") is True


def has_authorization(kafka: Mapping[str, Any]) -> bool:
    """Whether this Kafka has an authorizer. Without one, every user has all rights."""
    return bool(_authorization(kafka))


def cluster_ca_secret(cluster: str) -> str:
    """The name of the Secret with the cluster's CA certificate, in the namespace of the Kafka resource."""
    return f"{cluster}-cluster-ca-cert"


def ports(bootstrap_servers: str) -> tuple[int, ...]:
    """The ports in `host:port,host:port`. Addresses without a port have 9092, as in librdkafka."""
    found = {_PORT.search(address.strip()) for address in bootstrap_servers.split(",")}
    return tuple(sorted({DEFAULT_PORT if match is None else int(match[1]) for match in found}))


def _authorization(kafka: Mapping[str, Any]) -> Mapping[str, Any]:
    authorization: Mapping[str, Any] = kafka.get("spec", {}).get("kafka", {}).get("authorization") or {}
    return authorization


def _listeners(kafka: Mapping[str, Any]) -> Iterable[Listener]:
    configured: dict[str, Mapping[str, Any]] = {
        listener["name"]: listener for listener in kafka.get("spec", {}).get("kafka", {}).get("listeners", [])
    }
    for status in kafka.get("status", {}).get("listeners", []):
        listener = configured.get(status.get("name", ""), {})
        authentication = listener.get("authentication", {}).get("type")
        tls = bool(listener.get("tls", False))
        if status.get("bootstrapServers") and (tls, authentication) in _SAFEST_FIRST:
            yield Listener(
                name=status["name"],
                bootstrap_servers=status["bootstrapServers"],
                tls=tls,
                authentication=authentication,
                internal=listener.get("type", "internal") in _INTERNAL,
            )


def _rank(listener: Listener) -> tuple[bool, int, str]:
    return not listener.internal, _SAFEST_FIRST.index((listener.tls, listener.authentication)), listener.name
