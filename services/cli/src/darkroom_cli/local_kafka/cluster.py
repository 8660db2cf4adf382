"""A cluster of several brokers on this machine, for failure tests."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

from darkroom_cli.local_kafka.broker import LocalKafka
from darkroom_cli.local_kafka.data_folder import claim_temporary
from darkroom_cli.local_kafka.server_properties import Listener, Member
from darkroom_cli.processes.ports import Reservation


class LocalCluster:
    """Brokers 1 to `size`, each also a controller.

    With three brokers, topics have 3 replicas, 2 of which must be in sync, so one broker may be down.

    `brokers[1].kill()`, `.stop()` and `.start()` control a single broker, which keeps its ports and its data.

    Args:
        size: Number of brokers.
        properties: Additional properties of every broker.
        advertised: Node id -> `host:port` to advertise to clients, for a proxy in between. Brokers don't use it.
        listeners: Node id -> additional listeners, for example for clients behind a proxy.
    """

    def __init__(
        self,
        size: int = 3,
        properties: Mapping[str, str] | None = None,
        advertised: Mapping[int, str] | None = None,
        listeners: Mapping[int, Sequence[Listener]] | None = None,
    ) -> None:
        nodes = range(1, size + 1)
        self._reserved = {(role, node): Reservation() for role in ("client", "controller", "broker") for node in nodes}
        controllers = {node: self._reserved["controller", node].port for node in nodes}
        self._folder = claim_temporary()
        self.brokers = {
            node: LocalKafka(
                self._folder.path / f"broker-{node}",
                self._reserved["client", node].port,
                properties,
                advertised=(advertised or {}).get(node),
                listeners=tuple((listeners or {}).get(node, ())),
                member=Member(node, self._folder.identity.cluster_id, controllers, self._reserved["broker", node].port),
            )
            for node in nodes
        }

    @property
    def bootstrap_servers(self) -> str:
        """The addresses of all brokers, without proxies."""
        return ",".join(broker.bootstrap_servers for broker in self.brokers.values())

    def start(self, timeout_s: float = 90.0) -> None:
        """Start all brokers and wait until each has joined the cluster.

        Raises:
            DarkroomError: A broker can't be started; none is left running.
        """
        try:
            with ThreadPoolExecutor(len(self.brokers)) as pool:
                list(pool.map(LocalKafka.launch, self.brokers.values()))
            for broker in self.brokers.values():
                broker.wait_until_healthy(timeout_s)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Kill all brokers and remove their data. Not gracefully, because the last one would wait for a majority."""
        for broker in self.brokers.values():
            broker.kill()
            broker.stop()
        for reservation in self._reserved.values():
            reservation.release()
        self._folder.remove()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
