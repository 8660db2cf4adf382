"""A consumer group's progress and its view of one member, read from the cluster, not from the client."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from confluent_kafka import Consumer, KafkaException
from confluent_kafka.admin import AdminClient, MemberAssignment

from darkroom.kafka.connection import client_settings
from darkroom.kafka.errors import KafkaUnreachable
from darkroom.kafka.lag import lag, next_offset
from darkroom.kafka.log import TopicPartition, committed_offsets, log_beginnings, log_ends
from darkroom.stage_settings import StageSettings

_REQUEST_TIMEOUT_S: Final = 10.0


@dataclass(frozen=True)
class GroupView:
    """How a group's coordinator sees one member.

    Attributes:
        assigned: the partitions that are assigned to the member.
        target: the partitions that the member will have after the rebalance.
    """

    assigned: frozenset[int]
    target: frozenset[int]


class Group(Protocol):
    """A consumer group, as seen by one of its members."""

    def view(self) -> GroupView | None:
        """The coordinator's view of the member; None if it does not respond or has no such member."""

    def waiting(self) -> Mapping[int, int] | None:
        """The offset of the first waiting image, by partition; None if it can't be determined."""


class KafkaGroup:
    """The group of a stage, queried for its member `consumer`. Queries are rare, so each creates a client."""

    def __init__(self, settings: StageSettings, consumer: Consumer) -> None:
        self._settings = settings
        self._consumer = consumer

    def view(self) -> GroupView | None:
        """See `Group.view`. None for the classic protocol, which has no target assignment."""
        group = self._settings.consumer_group
        admin = self._admin()  # the futures end with the client
        asked = admin.describe_consumer_groups([group], request_timeout=_REQUEST_TIMEOUT_S)
        try:
            description = asked[group].result(2 * _REQUEST_TIMEOUT_S)
        except (KafkaException, TimeoutError):
            return None
        own = self._consumer.memberid()
        for member in description.members:
            if member.member_id == own and member.target_assignment is not None:
                topic = self._settings.images_topic
                return GroupView(_partitions(member.assignment, topic), _partitions(member.target_assignment, topic))
        return None

    def waiting(self) -> Mapping[int, int] | None:
        """See `Group.waiting`."""
        topic, admin = self._settings.images_topic, self._admin()
        try:
            metadata = admin.list_topics(topic, _REQUEST_TIMEOUT_S).topics[topic]
            partitions = [TopicPartition(topic, number) for number in metadata.partitions]
            committed = committed_offsets(self._consumer, partitions, _REQUEST_TIMEOUT_S)
            beginnings = log_beginnings(admin, partitions, _REQUEST_TIMEOUT_S)
            ends = log_ends(admin, partitions, _REQUEST_TIMEOUT_S)
        except (KafkaException, KafkaUnreachable):
            return None
        return {
            partition.partition: next_offset(beginnings[partition], committed[partition].offset)
            for partition in partitions
            if lag(ends[partition], beginnings[partition], committed[partition].offset)
        }

    def _admin(self) -> AdminClient:
        return AdminClient(client_settings(self._settings.kafka, "darkroom-worker-group"))


def _partitions(assignment: MemberAssignment, topic: str) -> frozenset[int]:
    return frozenset(partition.partition for partition in assignment.topic_partitions if partition.topic == topic)
