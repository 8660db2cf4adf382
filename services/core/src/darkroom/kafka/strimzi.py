"""What a Kafka resource of Strimzi says about how to reach the brokers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

UserAuthentication = Literal["scram-sha-512", "tls"]

_INTERNAL = {"internal", "cluster-ip"}
_SAFEST_FIRST: tuple[tuple[bool, str | None], ...] = (
    (True, "scram-sha-512"),
    (True, "tls"),
    (False, "scram-sha-512"),
    (True, None),
    (False, None),
)
"""Whether a listener encrypts, and how it authenticates. Other ways (OAuth, custom) we can't."""


@dataclass(frozen=True)
class Listener:
    """One of the ways to the brokers."""

    name: str
    bootstrap_servers: str
    tls: bool
    authentication: UserAuthentication | None
    internal: bool


def choose_listener(kafka: Mapping[str, Any]) -> Listener | None:
    """The listener that clients in the cluster should use: inside the cluster if there is one, then the safest.

    None while Strimzi has told no address, or if there is no listener that we can use.
    """
    usable = list(_listeners(kafka))
    return min(usable, key=_rank) if usable else None


def supports_acls(kafka: Mapping[str, Any]) -> bool:
    """Whether the User Operator manages ACLs of this Kafka; where not, it refuses a KafkaUser with `authorization`.

    Source: Strimzi 1.2.0: `simple` does, `custom` only with `supportsAdminApi`.
    """
    authorization = _authorization(kafka)
    return authorization.get("type") == "simple" or authorization.get("supportsAdminApi") is True


def has_authorization(kafka: Mapping[str, Any]) -> bool:
    """Whether this Kafka has an authorizer, whoever manages the rights. Without one every user has all rights."""
    return bool(_authorization(kafka))


def cluster_ca_secret(cluster: str) -> str:
    """The Secret with the certificate authority of a cluster, in the cluster's namespace."""
    return f"{cluster}-cluster-ca-cert"


def ports(bootstrap_servers: str) -> tuple[int, ...]:
    """The ports in `host:port,host:port`."""
    found = {address.rpartition(":")[2] for address in bootstrap_servers.split(",")}
    return tuple(sorted(int(port) for port in found if port.isdigit()))


def _authorization(kafka: Mapping[str, Any]) -> Mapping[str, Any]:
    authorization: Mapping[str, Any] = kafka.get("spec", {}).get("kafka", {}).get("authorization") or {}
    return authorization


def _listeners(kafka: Mapping[str, Any]) -> Iterable[Listener]:
    described: dict[str, Mapping[str, Any]] = {
        listener["name"]: listener for listener in kafka.get("spec", {}).get("kafka", {}).get("listeners", [])
    }
    for told in kafka.get("status", {}).get("listeners", []):
        listener = described.get(told.get("name", ""), {})
        authentication = listener.get("authentication", {}).get("type")
        tls = bool(listener.get("tls", False))
        if told.get("bootstrapServers") and (tls, authentication) in _SAFEST_FIRST:
            yield Listener(
                name=told["name"],
                bootstrap_servers=told["bootstrapServers"],
                tls=tls,
                authentication=authentication,
                internal=listener.get("type", "internal") in _INTERNAL,
            )


def _rank(listener: Listener) -> tuple[bool, int, str]:
    return not listener.internal, _SAFEST_FIRST.index((listener.tls, listener.authentication)), listener.name
