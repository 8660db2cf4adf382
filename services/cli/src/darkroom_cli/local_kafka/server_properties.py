"""The server.properties of a broker: a pure function of its cluster, its listeners and extra properties."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from darkroom_cli.processes.ports import HOST

CLIENTS = "PLAINTEXT"
_BROKERS = "BROKERS"
_CONTROLLER = "CONTROLLER"


@dataclass(frozen=True)
class Listener:
    """An address at which a broker accepts connections.

    Attributes:
        name: The listener's name, in capitals.
        port: Port to listen on; 0 chooses a free port.
        protocol: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL.
        advertised: `host:port` to advertise to clients, for a proxy in between; None for the listener's own.
        properties: Settings of this listener, without the prefix `listener.name.<name>.`.
    """

    name: str
    port: int = 0
    protocol: str = "PLAINTEXT"
    advertised: str | None = None
    properties: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class Member:
    """A member of a cluster of combined brokers and controllers on this machine.

    Attributes:
        node_id: The member's id, a key of `controller_ports`.
        cluster_id: The cluster's id.
        controller_ports: Node id -> port of the controller, for all members.
        broker_port: Port for the other brokers, without a proxy.
    """

    node_id: int
    cluster_id: str
    controller_ports: Mapping[int, int]
    broker_port: int


def scram_listener(port: int = 0, name: str = "SCRAM") -> Listener:
    """A SASL_PLAINTEXT listener for SCRAM-SHA-512. Create users with the Admin API on the plain listener."""
    jaas = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    return Listener(
        name,
        port,
        protocol="SASL_PLAINTEXT",
        properties={"sasl.enabled.mechanisms": "SCRAM-SHA-512", "scram-sha-512.sasl.jaas.config": jaas},
    )


def acl_properties() -> dict[str, str]:
    """Broker properties that enforce ACLs. Clients of the plain listener are super users."""
    return {
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
        "allow.everyone.if.no.acl.found": "false",
    }


def server_properties(
    member: Member, listeners: tuple[Listener, ...], log_dirs: str, extra: Mapping[str, str], *, cores: int
) -> dict[str, str]:
    """The properties of one broker on a machine with `cores`.

    The ports of `listeners` are set; `extra` overrides everything else.
    """
    controller = Listener(_CONTROLLER, member.controller_ports[member.node_id])
    brokers = Listener(_BROKERS, member.broker_port)
    advertised = (*listeners, brokers)
    everywhere = (*advertised, controller)
    size = len(member.controller_ports)
    return {
        "process.roles": "broker,controller",
        "node.id": str(member.node_id),
        "controller.quorum.voters": ",".join(f"{node}@{HOST}:{port}" for node, port in member.controller_ports.items()),
        "listeners": ",".join(f"{listener.name}://{HOST}:{listener.port}" for listener in everywhere),
        "advertised.listeners": ",".join(
            f"{listener.name}://{listener.advertised or f'{HOST}:{listener.port}'}" for listener in advertised
        ),
        "listener.security.protocol.map": ",".join(f"{listener.name}:{listener.protocol}" for listener in everywhere),
        "inter.broker.listener.name": _BROKERS,
        "controller.listener.names": _CONTROLLER,
        "log.dirs": log_dirs,
        **_replication(size),
        **_SMALL,
        # On two cores, a second thread for the network would cost a broker a tenth more CPU time for a record.
        "num.network.threads": "1" if cores <= 2 else "2",  # noqa: PLR2004
        **(_ALONE if size == 1 else {}),
        **{f"listener.name.{own.name.lower()}.{k}": v for own in listeners for k, v in own.properties.items()},
        **extra,
    }


def render(properties: Mapping[str, str]) -> str:
    """The text of a Java properties file, which is Latin-1 with escapes."""
    return "".join(f"{_escape(key, also=' :=#!')}={_escape(value)}\n" for key, value in properties.items())


# For one user or one test run: starts fast and uses little memory. The log cleaner alone would use 128 MiB of heap.
_SMALL: Mapping[str, str] = {
    "auto.create.topics.enable": "false",
    "group.initial.rebalance.delay.ms": "0",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.num.partitions": "4",
    # A killed worker is detected after 6 s instead of 45 s, and partitions are reassigned within a second.
    "group.consumer.min.session.timeout.ms": "6000",
    "group.consumer.session.timeout.ms": "6000",
    "group.consumer.min.heartbeat.interval.ms": "500",
    "group.consumer.heartbeat.interval.ms": "500",
    # By default, Kafka 4.3 assigns the partitions of a group once a second, for groups of thousands of members.
    "group.consumer.assignment.interval.ms": "0",
    "group.share.assignment.interval.ms": "0",
    "num.io.threads": "4",
    "num.recovery.threads.per.data.dir": "2",
    "log.cleaner.dedupe.buffer.size": "16777216",
}

_ALONE: Mapping[str, str] = {
    # A crashed broker can rejoin only after its session has expired (default 9 s): a mere delay for a single broker.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    # A single broker can't move its partitions. During a controlled shutdown they have no leader, and Kafka 4.3
    # treats them as deleted and skips the end of a transaction in them ("these partitions are likely deleted
    # already"): results become visible without their offsets, and their images are analysed twice.
    "controlled.shutdown.enable": "false",
}


def _replication(brokers: int) -> dict[str, str]:
    """Three replicas if there are three brokers, two of them in sync; else one replica."""
    copies = "3" if brokers >= 3 else "1"  # noqa: PLR2004 - Kafka's recommendation
    in_sync = "2" if brokers >= 3 else "1"  # noqa: PLR2004
    return {
        "default.replication.factor": copies,
        "min.insync.replicas": in_sync,
        "offsets.topic.replication.factor": copies,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": in_sync,
        "share.coordinator.state.topic.replication.factor": copies,
        "share.coordinator.state.topic.min.isr": in_sync,
    }


def _escape(text: str, also: str = "") -> str:
    pieces = []
    for character in text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t"):
        if character in also:
            pieces.append(f"\\{character}")
        elif character.isascii():
            pieces.append(character)
        else:
            units = character.encode("utf-16-be")
            pieces += [f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2)]
    escaped = "".join(pieces)
    return f"\\{escaped}" if escaped.startswith(" ") else escaped
