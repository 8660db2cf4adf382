"""Questions to one Kafka about its topics: ids, ends and beginnings."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from confluent_kafka import IsolationLevel, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from darkroom.errors import DarkroomError
from darkroom.kafka.connection import KafkaConnection, client_settings
from darkroom_ingestion.kafka.client_logs import KAFKA_LOGGER

if TYPE_CHECKING:
    from concurrent.futures import Future

_TIMEOUT_S = 5.0
Place = tuple[str, int]


class KafkaAway(DarkroomError):
    """No broker answered in time."""


class LogAdmin:
    """One Kafka. Its methods block, but for those that say otherwise; they may be called from every thread."""

    def __init__(self, connection: KafkaConnection) -> None:
        self._admin = AdminClient(client_settings(connection, "darkroom-ingestion-admin"), logger=KAFKA_LOGGER)

    def partitions(self, topics: Iterable[str]) -> dict[str, int]:
        """How many partitions each of those of `topics` has that exist.

        Raises:
            KafkaAway: no broker answered in time.
        """
        try:
            known = self._admin.list_topics(timeout=_TIMEOUT_S).topics
        except KafkaException as error:
            raise KafkaAway(f"Kafka can't be reached: {error.args[0].str()}") from error
        return {topic: len(known[topic].partitions) for topic in topics if topic in known}

    def topic_ids(self, topics: list[str]) -> dict[str, str]:
        """The id that Kafka gave each topic when it was made.

        Raises:
            KafkaAway: no broker answered in time.
        """
        if not topics:
            return {}
        futures = self._admin.describe_topics(TopicCollection(topics), request_timeout=_TIMEOUT_S)
        return {topic: str(_result(future).topic_id) for topic, future in futures.items()}

    def ends(self, places: Iterable[Place]) -> dict[Place, int]:
        """Where the next committed record of each partition will be.

        Raises:
            KafkaAway: no broker answered in time.
        """
        return self._offsets(places, OffsetSpec.latest())  # type: ignore[no-untyped-call]

    def beginnings(self, places: Iterable[Place]) -> dict[Place, int]:
        """The first record that each partition still has.

        Raises:
            KafkaAway: no broker answered in time.
        """
        return self._offsets(places, OffsetSpec.earliest())  # type: ignore[no-untyped-call]

    async def ends_of_topic(self, topic: str) -> dict[int, int]:
        """Where the next committed record of each partition of `topic` will be. Does not block.

        Raises:
            KafkaAway: no broker answered in time.
        """
        counts = await asyncio.to_thread(self.partitions, [topic])
        places = [(topic, partition) for partition in range(counts.get(topic, 0))]
        return {partition: end for (_, partition), end in (await asyncio.to_thread(self.ends, places)).items()}

    def _offsets(self, places: Iterable[Place], spec: OffsetSpec) -> dict[Place, int]:
        asked = {TopicPartition(topic, partition): spec for topic, partition in places}
        if not asked:
            return {}
        futures: Mapping[TopicPartition, Future[Any]] = self._admin.list_offsets(
            asked, isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=_TIMEOUT_S
        )
        return {(place.topic, place.partition): _result(future).offset for place, future in futures.items()}


def _result(future: "Future[Any]") -> Any:
    try:
        return future.result(timeout=_TIMEOUT_S * 2)
    except KafkaException as error:
        raise KafkaAway(f"Kafka does not answer: {error.args[0].str()}") from error
    except TimeoutError as error:
        raise KafkaAway("Kafka does not answer in time") from error
