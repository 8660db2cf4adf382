"""Reads the lag of consumer groups, with one client per Kafka cluster."""

import threading
from collections.abc import Iterable, Mapping

from confluent_kafka import KafkaException

from darkroom.kafka.connection import ClientSettings
from darkroom.kafka.lag_query import GroupLog, GroupOffsets, query_lag
from darkroom.kafka.log import TopicPartition, log_ends_or_errors
from darkroom_operator.kafka.admin.connection import AdminConnection
from darkroom_operator.kafka.admin.settings import fingerprint

TIMEOUT_S = 5.0


class LagReader:
    """Queries of Kafka clusters. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connections: dict[str, AdminConnection] = {}

    def read(self, settings: ClientSettings, groups: Mapping[str, GroupLog]) -> dict[str, GroupOffsets]:
        """The offsets of every group in `groups`, within about five seconds. Unknown ones are None, with the reason."""
        try:
            connection = self._connection(settings)
        except KafkaException as error:
            problem = f"the connection to Kafka can't be set up: {error.args[0].str()}"
            return {group: GroupOffsets((None,) * log.partitions, problem) for group, log in groups.items()}
        found = query_lag(connection.client, groups, TIMEOUT_S)
        nothing_known = all(one is None for offsets in found.values() for one in offsets.partitions)
        if nothing_known and connection.has_errors():
            return {group: GroupOffsets(offsets.partitions, connection.problem()) for group, offsets in found.items()}
        return found

    def ends(self, settings: ClientSettings, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """The ends of those partitions that can be read."""
        try:
            connection = self._connection(settings)
        except KafkaException:
            return {}
        found = log_ends_or_errors(connection.client, partitions, TIMEOUT_S)
        return {partition: end for partition, end in found.items() if isinstance(end, int)}

    def keep(self, fingerprints: Iterable[str]) -> None:
        """Close the connections with other settings."""
        kept = set(fingerprints)
        with self._lock:
            self._connections = {key: one for key, one in self._connections.items() if key in kept}

    def _connection(self, settings: ClientSettings) -> AdminConnection:
        key = fingerprint(settings)
        with self._lock:
            if key not in self._connections:
                self._connections[key] = AdminConnection(settings)
            return self._connections[key]
