"""The Kafka of a run: three brokers, reachable directly and through proxies, or an existing broker."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from darkroom_cli.local_kafka.broker import LocalKafka
from darkroom_cli.local_kafka.cluster import LocalCluster
from darkroom_cli.local_kafka.server_properties import Listener
from tests.chaos.observer import SESSION_TIMEOUT_S
from tests.support.kafka import start_brokers_quickly
from tests.support.network.tcp_proxy import TcpProxy

_PROXIED: Final = "PROXIED"
_PROPERTIES: Final = {
    "broker.session.timeout.ms": "4000",
    "broker.heartbeat.interval.ms": "1000",
    "group.consumer.min.session.timeout.ms": str(int(1000 * SESSION_TIMEOUT_S)),
    "group.consumer.session.timeout.ms": str(int(1000 * SESSION_TIMEOUT_S)),
    "group.share.min.session.timeout.ms": str(int(1000 * SESSION_TIMEOUT_S)),
    "group.share.session.timeout.ms": str(int(1000 * SESSION_TIMEOUT_S)),
    "group.share.min.heartbeat.interval.ms": "500",
    "group.share.heartbeat.interval.ms": "500",
    # By default, brokers check every 10 s for transactions that a killed worker left open: too slow for a short run.
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
}


@dataclass(frozen=True)
class Kafka:
    """The addresses of a Kafka cluster.

    Attributes:
        proxied_servers: the brokers through proxies, for clients whose network can be cut.
        brokers: the brokers by id; empty for an existing Kafka.
        proxies: one for each broker.
    """

    bootstrap_servers: str
    proxied_servers: str
    brokers: dict[int, LocalKafka] = field(default_factory=dict)
    proxies: dict[int, TcpProxy] = field(default_factory=dict)

    @classmethod
    def existing(cls, bootstrap_servers: str) -> "Kafka":
        """An existing Kafka, without faults."""
        return cls(bootstrap_servers, bootstrap_servers)


@contextmanager
def three_brokers(folder: Path) -> Iterator[Kafka]:
    """A new cluster: replication 3, two in sync. The brokers' logs are kept in `folder`."""
    start_brokers_quickly()
    with ExitStack() as stack:
        proxies = {node: stack.enter_context(TcpProxy()) for node in (1, 2, 3)}
        listeners = {node: [Listener(_PROXIED, advertised=proxy.address)] for node, proxy in proxies.items()}
        cluster = stack.enter_context(LocalCluster(properties=_PROPERTIES, listeners=listeners))
        for node, proxy in proxies.items():
            proxy.forward(int(cluster.brokers[node].address(_PROXIED).rpartition(":")[2]))
        addresses = ",".join(proxy.address for proxy in proxies.values())
        try:
            yield Kafka(cluster.bootstrap_servers, addresses, cluster.brokers, proxies)
        finally:
            for node, broker in cluster.brokers.items():
                if broker.data_dir is not None:
                    shutil.copy(broker.data_dir / "kafka.log", folder / f"broker-{node}.log")
