"""Queries about one Kafka cluster: partitions, ids, beginnings and ends of topics, and consumer groups."""

import asyncio
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from darkroom.kafka.connection import KafkaConnection, client_settings
from darkroom.kafka.errors import KafkaUnreachable
from darkroom.kafka.groups import GroupView, describe_groups, offsets_of_groups
from darkroom.kafka.log import TopicPartition, log_beginnings, log_ends
from darkroom.kafka.stranded import StrandedCheck
from darkroom_ingestion.kafka.client_logs import KAFKA_LOGGER
from darkroom_ingestion.kafka.connection_errors import ConnectionErrors

if TYPE_CHECKING:
    from concurrent.futures import Future

_TIMEOUT_S = 5.0
_AWAY_TIMEOUT_S = 1.0
"""After a connection has failed: whoever waits for the answer should soon learn that Kafka is away."""


class LogAdmin:
    """An admin client of one Kafka cluster. Thread-safe. Methods that are not coroutines block."""

    def __init__(self, connection: KafkaConnection) -> None:
        self._settings = client_settings(connection, "darkroom-ingestion-admin")
        self._stranded = StrandedCheck(self._settings)
        self._checking = threading.Lock()
        self._errors = ConnectionErrors()
        self._admin = self._new_client()

    def problem(self) -> str | None:
        """Why the last connection to a broker failed; None if none has failed since Kafka last responded."""
        self._admin.poll(0)
        return self._errors.reason

    def partitions(self, topics: Iterable[str]) -> dict[str, int]:
        """The number of partitions of every topic in `topics` that exists.

        Raises:
            KafkaUnreachable: no broker answered in time.
        """
        with self._client() as admin:
            try:
                known = admin.list_topics(timeout=self._patience_s()).topics
            except KafkaException as error:
                raise KafkaUnreachable(f"Kafka can't be reached: {self.problem() or error.args[0].str()}") from error
        self._errors.reason = None
        # A broker that has not heard of a new topic yet lists it without partitions.
        return {topic: count for topic in topics if topic in known and (count := len(known[topic].partitions))}

    def partition_counts(self, topics: list[str]) -> dict[str, int]:
        """As `partitions`, but queries only these topics: `partitions` lists the whole cluster.

        Raises:
            KafkaUnreachable: no broker answered in time.
        """
        with self._client() as admin:
            futures = admin.describe_topics(TopicCollection(topics), request_timeout=self._patience_s())
            counts = {topic: _partition_count(future) for topic, future in futures.items()}
        self._errors.reason = None
        return {topic: count for topic, count in counts.items() if count}

    def topic_ids(self, topics: list[str]) -> dict[str, str]:
        """The ids of topics. A topic that is deleted and recreated gets a new id.

        Raises:
            KafkaUnreachable: no broker answered in time.
        """
        if not topics:
            return {}
        with self._client() as admin:
            futures = admin.describe_topics(TopicCollection(topics), request_timeout=_TIMEOUT_S)
            return {topic: str(_result(future).topic_id) for topic, future in futures.items()}

    def ends(self, partitions: Iterable[TopicPartition], timeout_s: float = _TIMEOUT_S) -> dict[TopicPartition, int]:
        """The end offset of each partition: the offset after its last committed record.

        Raises:
            KafkaUnreachable: no broker answered in time.
        """
        with self._client() as admin:
            return log_ends(admin, partitions, timeout_s)

    def beginnings(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """The offset of the first record in each partition.

        Raises:
            KafkaUnreachable: no broker answered in time.
        """
        with self._client() as admin:
            return log_beginnings(admin, partitions, _TIMEOUT_S)

    def groups(self, groups: list[str]) -> dict[str, GroupView]:
        """The states and members of consumer groups.

        Raises:
            KafkaUnreachable: no broker answered in time, or the service may not describe a group.
        """
        with self._client() as admin:
            return describe_groups(admin, groups, _TIMEOUT_S)

    def offsets_of_groups(
        self, groups: Mapping[str, Iterable[TopicPartition]]
    ) -> dict[str, dict[TopicPartition, int | None]]:
        """The committed offsets of consumer groups; None where a group has committed nothing.

        Raises:
            KafkaUnreachable: no broker answered in time, or the service may not describe a group.
        """
        with self._client() as admin:
            return offsets_of_groups(admin, groups, _TIMEOUT_S)

    async def ends_of_topic(self, topic: str) -> dict[int, int]:
        """The end offset of each partition of `topic`.

        Raises:
            KafkaUnreachable: no broker answered in time.
        """
        counts = await asyncio.to_thread(self.partition_counts, [topic])
        partitions = [TopicPartition(topic, partition) for partition in range(counts.get(topic, 0))]
        return {at.partition: end for at, end in (await asyncio.to_thread(self.ends, partitions)).items()}

    def _patience_s(self) -> float:
        return _TIMEOUT_S if self.problem() is None else _AWAY_TIMEOUT_S

    @contextmanager
    def _client(self) -> Iterator[AdminClient]:
        """The client. If a request fails and the client has lost all brokers, it is replaced for the next call."""
        try:
            yield self._admin
        except KafkaUnreachable:
            if self._checking.acquire(blocking=False):
                try:
                    if self._stranded.is_stranded(self._admin):
                        self._admin = self._new_client()
                finally:
                    self._checking.release()
            raise

    def _new_client(self) -> AdminClient:
        callback = {"error_cb": self._errors.on_error}
        return AdminClient(self._settings | callback, logger=KAFKA_LOGGER)  # type: ignore[arg-type]  # the stub has none


def _partition_count(future: "Future[Any]") -> int:
    """The number of partitions; 0 if there is no such topic."""
    try:
        return len(_result(future).partitions)
    except KafkaUnreachable as error:
        cause = error.__cause__
        if isinstance(cause, KafkaException) and cause.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            return 0
        raise


def _result(future: "Future[Any]") -> Any:
    try:
        return future.result(timeout=_TIMEOUT_S * 2)
    except KafkaException as error:
        raise KafkaUnreachable(f"Kafka can't be queried: {error.args[0].str()}") from error
    except TimeoutError as error:
        raise KafkaUnreachable("Kafka did not respond in time") from error
