"""The images topic and the replay's group, as Kafka has them."""

import logging
from collections.abc import Iterable, Mapping
from typing import Final

import confluent_kafka
from confluent_kafka import Consumer, KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from darkroom.errors import DarkroomError
from darkroom.kafka.connection import KafkaConnection, client_settings, consumer_settings
from darkroom.kafka.errors import KafkaUnreachable
from darkroom.kafka.log import Committed, TopicPartition, committed_offsets, log_beginnings, log_ends, offsets_at_time
from darkroom.kafka.positions import AtTime, Position
from darkroom.kafka.topics import describe_topics, ensure_topics
from darkroom.topology import Topic
from darkroom_inference.bounded.plan import Plan
from darkroom_inference.bounded.ranges import Bounds, offsets
from darkroom_inference.kafka.marks import CLEAN, encode

_TIMEOUT_S: Final = 10.0


class CannotReplay(DarkroomError):
    """What was asked for can't be done: somebody has to change something first."""


class ImagesLog:
    """One images topic, and one group that reads it without being a member."""

    def __init__(self, connection: KafkaConnection, topic: str, group: str) -> None:
        """Nothing is sent before the first question."""
        self._where = connection.bootstrap_servers
        self._topic = topic
        logger = logging.getLogger("librdkafka.replay")
        self._admin = AdminClient(client_settings(connection, "darkroom-replay"), logger=logger)
        self._consumer = Consumer(
            consumer_settings(connection, "darkroom-replay", group=group, max_message_bytes=0), logger=logger
        )

    def close(self) -> None:
        """Let the clients go."""
        self._consumer.close()

    def bounds(self) -> Bounds:
        """What the log holds of each partition.

        Raises:
            CannotReplay: there is no such topic.
            KafkaUnreachable: no broker answered in time.
        """
        try:
            topics = self._admin.list_topics(timeout=_TIMEOUT_S).topics
        except KafkaException as error:
            raise self._away(error) from error
        if self._topic not in topics:
            raise CannotReplay(
                f"there is no topic {self._topic} in the Kafka at {self._where}: "
                "is this the Kafka that the pipeline runs on?"
            )
        partitions = self._partitions(topics[self._topic].partitions)
        try:
            first = log_beginnings(self._admin, partitions, _TIMEOUT_S)
            last = log_ends(self._admin, partitions, _TIMEOUT_S)
        except KafkaUnreachable as error:
            raise self._away(error) from error
        return {each.partition: (first[each], last[each]) for each in partitions}

    def offsets(self, position: Position, bounds: Bounds) -> dict[int, int]:
        """The offset of each partition that `position` means.

        Raises:
            KafkaUnreachable: no broker answered in time.
        """
        at_time: dict[int, int | None] = {}
        if isinstance(position, AtTime):
            try:
                found = offsets_at_time(self._admin, self._partitions(bounds), position.milliseconds, _TIMEOUT_S)
            except KafkaUnreachable as error:
                raise self._away(error) from error
            at_time = {each.partition: offset for each, offset in found.items()}
        return offsets(position, bounds, at_time)

    def committed(self, partitions: Iterable[int]) -> dict[int, Committed]:
        """What the group has committed of each partition.

        Raises:
            KafkaUnreachable: no broker answered in time.
        """
        try:
            found = committed_offsets(self._consumer, self._partitions(partitions), _TIMEOUT_S)
        except KafkaException as error:
            raise self._away(error) from error
        return {each.partition: committed for each, committed in found.items()}

    def begin(self, plan: Plan) -> None:
        """Write the plan down: the group, which must have no members yet, stands at the start of every range.

        Raises:
            CannotReplay: Kafka refuses it.
            KafkaUnreachable: no broker answered in time.
        """
        beside = plan.beside()
        starts = [
            confluent_kafka.TopicPartition(
                self._topic, partition, each.start, metadata=encode(CLEAN, beside[partition])
            )
            for partition, each in plan.ranges.items()
        ]
        try:
            answers = self._consumer.commit(offsets=starts, asynchronous=False)
        except KafkaException as error:
            raise self._refused_or_away("the replay's group can't be begun", error) from error
        for answer in answers or ():
            if answer.error is not None:
                raise CannotReplay(f"the replay's group can't be begun: {answer.error.str()}")

    def make_topics_like(self, wanted: Mapping[str, str]) -> list[str]:
        """Make the topics of `wanted` that are not there, each as the one that it names; answers which those are.

        Raises:
            CannotReplay: Kafka refuses one, or there is nothing to take as its model.
            KafkaUnreachable: no broker answered in time.
        """
        try:
            there = self._admin.list_topics(timeout=_TIMEOUT_S).topics
        except KafkaException as error:
            raise self._away(error) from error
        # Only for what is missing: to read a topic's configuration needs a right that a stage's user does not have.
        missing = {name: model for name, model in wanted.items() if name not in there}
        models = describe_topics(self._admin, sorted(set(missing.values()))) if missing else {}
        new = [
            Topic(
                name=name,
                role="results",
                partitions=models[model].partitions,
                replicas=len(there[model].partitions[0].replicas),
                config=models[model].config,
            )
            for name, model in missing.items()
            if model in models
        ]
        refused = dict(ensure_topics(self._admin, new).refused) if new else {}
        refused |= {n: f"there is no topic {m} to make it like" for n, m in missing.items() if m not in models}
        if refused:
            raise CannotReplay(
                "\n".join(f"topic {name} can't be made: {why}: make it yourself first" for name, why in refused.items())
            )
        return [topic.name for topic in new]

    def _partitions(self, numbers: Iterable[int]) -> list[TopicPartition]:
        return [TopicPartition(self._topic, number) for number in sorted(numbers)]

    def _refused_or_away(self, what: str, error: KafkaException) -> DarkroomError:
        code = error.args[0].code()
        if code in {KafkaError.GROUP_AUTHORIZATION_FAILED, KafkaError.TOPIC_AUTHORIZATION_FAILED}:
            return CannotReplay(f"{what}: {error.args[0].str()}: the user of this worker needs the right to do so")
        return self._away(error)

    def _away(self, error: KafkaException | KafkaUnreachable) -> KafkaUnreachable:
        why = error.args[0].str() if isinstance(error, KafkaException) else str(error)
        return KafkaUnreachable(f"no Kafka answers at {self._where}: {why}: start it, or check the address")
