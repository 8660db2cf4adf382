"""What a group's coordinator says of one of its members."""

from dataclasses import dataclass
from typing import Final

from confluent_kafka import Consumer, KafkaException
from confluent_kafka.admin import AdminClient, MemberAssignment

from darkroom.kafka.connection import client_settings
from darkroom.stage_settings import StageSettings

_REQUEST_TIMEOUT_S: Final = 10.0


@dataclass(frozen=True)
class Word:
    """The partitions that a member was given, and those that it is to have in the end."""

    given: frozenset[int]
    meant: frozenset[int]


def ask_the_group(settings: StageSettings, consumer: Consumer) -> Word | None:
    """What the coordinator says of `consumer`, asked past it; None if it does not answer or knows no such member.

    Groups of the classic protocol say nothing of what is meant.
    """
    admin = AdminClient(client_settings(settings.kafka, "darkroom-worker-group"))
    asked = admin.describe_consumer_groups([settings.consumer_group], request_timeout=_REQUEST_TIMEOUT_S)
    try:
        description = asked[settings.consumer_group].result(2 * _REQUEST_TIMEOUT_S)
    except (KafkaException, TimeoutError):
        return None
    own = consumer.memberid()
    for member in description.members:
        if member.member_id == own and member.target_assignment is not None:
            topic = settings.images_topic
            return Word(_partitions(member.assignment, topic), _partitions(member.target_assignment, topic))
    return None


def _partitions(assignment: MemberAssignment, topic: str) -> frozenset[int]:
    return frozenset(each.partition for each in assignment.topic_partitions if each.topic == topic)
