"""The images topic of a replay, and the committed offsets of the replay's group."""

import time
from collections.abc import Iterable, Mapping
from typing import Final

import confluent_kafka
from confluent_kafka import Consumer, KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from darkroom.errors import DarkroomError
from darkroom.kafka.client_logger import client_logger
from darkroom.kafka.connection import KafkaConnection, client_settings, consumer_settings
from darkroom.kafka.errors import KafkaUnreachable
from darkroom.kafka.log import Committed, TopicPartition, committed_offsets, log_beginnings, log_ends, offsets_at_time
from darkroom.kafka.positions import AtTime, Position
from darkroom.kafka.topics import describe_topics, ensure_topics
from darkroom.topology import Topic
from darkroom_inference.bounded.plan import ReplayPlan
from darkroom_inference.bounded.ranges import Bounds, offsets
from darkroom_inference.kafka.marks import CLEAN, encode

_TIMEOUT_S: Final = 10.0
_AGAIN_S: Final = 0.2


class CannotReplay(DarkroomError):
    """The requested replay can't be run; the message says what to change."""


class ImagesLog:
    """An images topic, and a replay's group. Reads and commits offsets without being a member of the group."""

    def __init__(self, connection: KafkaConnection, topic: str, group: str) -> None:
        """Sends nothing."""
        self._where = connection.bootstrap_servers
        self._topic = topic
        logger = client_logger("librdkafka.replay")
        self._admin = AdminClient(client_settings(connection, "darkroom-replay"), logger=logger)
        self._consumer = Consumer(
            consumer_settings(connection, "darkroom-replay", group=group, max_message_bytes=0), logger=logger
        )

    def close(self) -> None:
        """Close the clients."""
        self._consumer.close()
        del self._admin

    def bounds(self) -> Bounds:
        """The first offset and the end offset (exclusive) of every partition.

        Raises:
            CannotReplay: the topic does not exist.
            KafkaUnreachable: no broker answered in time.
        """
        try:
            topics = self._admin.list_topics(timeout=_TIMEOUT_S).topics
        except KafkaException as error:
            raise self._away(error) from error
        if self._topic not in topics:
            raise CannotReplay(
                f"topic {self._topic} does not exist in the Kafka at {self._where}: "
                "check that the pipeline runs on this Kafka"
            )
        partitions = self._partitions(topics[self._topic].partitions)
        try:
            first = log_beginnings(self._admin, partitions, _TIMEOUT_S)
            last = log_ends(self._admin, partitions, _TIMEOUT_S)
        except KafkaUnreachable as error:
            raise self._away(error) from error
        return {partition.partition: (first[partition], last[partition]) for partition in partitions}

    def offsets(self, position: Position, bounds: Bounds) -> dict[int, int]:
        """The offset in every partition that corresponds to `position`.

        Raises:
            KafkaUnreachable: no broker answered in time.
        """
        at_time: dict[int, int | None] = {}
        if isinstance(position, AtTime):
            try:
                found = offsets_at_time(self._admin, self._partitions(bounds), position.milliseconds, _TIMEOUT_S)
            except KafkaUnreachable as error:
                raise self._away(error) from error
            at_time = {partition.partition: offset for partition, offset in found.items()}
        return offsets(position, bounds, at_time)

    def committed(self, partitions: Iterable[int], timeout_s: float = _TIMEOUT_S) -> dict[int, Committed]:
        """The group's committed offset and metadata in each of `partitions`.

        Waits while an open transaction contains offsets of the group, as a killed process may leave one.

        Raises:
            KafkaUnreachable: no broker answered in time.
        """
        asked, until = self._partitions(partitions), time.monotonic() + timeout_s
        while True:
            try:
                found = committed_offsets(self._consumer, asked, timeout_s)
            except KafkaException as error:
                # A Kafka that creates its topic of offsets has no coordinator yet.
                if error.args[0].code() != KafkaError.NOT_COORDINATOR or time.monotonic() > until:
                    raise self._away(error) from error
                time.sleep(_AGAIN_S)
            else:
                return {partition.partition: committed for partition, committed in found.items()}

    def begin(self, plan: ReplayPlan) -> None:
        """Commit the start of every range, with the plan in the metadata. The group must not have members yet.

        Raises:
            CannotReplay: Kafka refuses the commit.
            KafkaUnreachable: no broker answered in time.
        """
        fields = plan.commit_fields()
        starts = [
            confluent_kafka.TopicPartition(
                self._topic, partition, part.start, metadata=encode(CLEAN, fields[partition])
            )
            for partition, part in plan.ranges.items()
        ]
        try:
            answers = self._consumer.commit(offsets=starts, asynchronous=False)
        except KafkaException as error:
            raise self._refused_or_away("the offsets of the replay can't be committed", error) from error
        for answer in answers or ():
            if answer.error is not None:
                raise CannotReplay(f"the offsets of the replay can't be committed: {answer.error.str()}")

    def create_topics_like(self, wanted: Mapping[str, str]) -> list[str]:
        """Create the missing topics among the keys of `wanted`, each with the settings of the topic that it maps to.

        Returns:
            The topics created.

        Raises:
            CannotReplay: Kafka refuses to create a topic, or a topic to copy the settings from does not exist.
            KafkaUnreachable: no broker answered in time.
        """
        try:
            existing = self._admin.list_topics(timeout=_TIMEOUT_S).topics
        except KafkaException as error:
            raise self._away(error) from error
        # Only for missing topics: a stage's user is not authorised to read the configuration of topics.
        missing = {name: template for name, template in wanted.items() if name not in existing}
        templates = describe_topics(self._admin, sorted(set(missing.values()))) if missing else {}
        new = [
            Topic(
                name=name,
                role="results",
                partitions=templates[template].partitions,
                replicas=len(existing[template].partitions[0].replicas),
                config=templates[template].config,
            )
            for name, template in missing.items()
            if template in templates
        ]
        refused = dict(ensure_topics(self._admin, new).refused) if new else {}
        refused |= {
            n: f"topic {m}, whose settings are to be copied, does not exist"
            for n, m in missing.items()
            if m not in templates
        }
        if refused:
            raise CannotReplay(
                "\n".join(f"topic {name} can't be created: {why}: create it yourself" for name, why in refused.items())
            )
        return [topic.name for topic in new]

    def _partitions(self, numbers: Iterable[int]) -> list[TopicPartition]:
        return [TopicPartition(self._topic, number) for number in sorted(numbers)]

    def _refused_or_away(self, what: str, error: KafkaException) -> DarkroomError:
        code = error.args[0].code()
        if code in {KafkaError.GROUP_AUTHORIZATION_FAILED, KafkaError.TOPIC_AUTHORIZATION_FAILED}:
            return CannotReplay(f"{what}: {error.args[0].str()}: give the stage's Kafka user this permission")
        return self._away(error)

    def _away(self, error: KafkaException | KafkaUnreachable) -> KafkaUnreachable:
        why = error.args[0].str() if isinstance(error, KafkaException) else str(error)
        return KafkaUnreachable(f"no Kafka broker responds at {self._where}: {why}: start it, or check the address")
