"""What a consumer group says of one of its members, and how far it is: asked from the cluster, not from the client."""

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
        assigned: the partitions that the member was given.
        target: those that it is to have in the end.
    """

    assigned: frozenset[int]
    target: frozenset[int]


class Group(Protocol):
    """A consumer group, as one of its members asks about it."""

    def view(self) -> GroupView | None:
        """How the coordinator sees the member; None if it does not answer, or knows no such member."""

    def waiting(self) -> Mapping[int, int] | None:
        """By partition in which images wait: the offset of the first; None if that can't be found out."""


class KafkaGroup:
    """The group of a stage, asked by `consumer`, a member of it. Clients are made for each question: it is rare."""

    def __init__(self, settings: StageSettings, consumer: Consumer) -> None:
        self._settings = settings
        self._consumer = consumer

    def view(self) -> GroupView | None:
        """As `Group.view`. None for the classic protocol, which has no target assignment."""
        group = self._settings.consumer_group
        admin = self._admin()  # its futures end with it
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
        """As `Group.waiting`."""
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
