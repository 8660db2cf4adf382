"""Consumer groups: their states, their members with assignments, and their committed offsets, without joining them."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import confluent_kafka
from confluent_kafka import ConsumerGroupState, ConsumerGroupTopicPartitions, KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from darkroom.kafka.errors import KafkaUnreachable
from darkroom.kafka.log import REPORT_S, TopicPartition

if TYPE_CHECKING:
    from concurrent.futures import Future

_STATES: Final = {
    ConsumerGroupState.STABLE: "Stable",
    ConsumerGroupState.EMPTY: "Empty",
    ConsumerGroupState.DEAD: "Dead",
    ConsumerGroupState.PREPARING_REBALANCING: "PreparingRebalance",
    ConsumerGroupState.COMPLETING_REBALANCING: "CompletingRebalance",
    # The client has no names for the states Assigning and Reconciling of KIP-848.
    ConsumerGroupState.UNKNOWN: "Reconciling",
}


@dataclass(frozen=True)
class GroupMember:
    """One consumer of a group. `host` is the address that the broker sees."""

    client_id: str
    host: str
    partitions: frozenset[TopicPartition]


@dataclass(frozen=True)
class GroupView:
    """A consumer group. A group that does not exist is Dead, without members.

    Attributes:
        state: Stable, Empty, Dead, PreparingRebalance, CompletingRebalance or Reconciling.
        members: its consumers, by client id.
    """

    state: str
    members: tuple[GroupMember, ...] = ()


def describe_groups(admin: AdminClient, groups: Sequence[str], timeout_s: float) -> dict[str, GroupView]:
    """The state and the members of every group in `groups`, with one call.

    Raises:
        KafkaUnreachable: no broker responded in time, or the client may not describe a group.
    """
    if not groups:
        return {}
    futures = admin.describe_consumer_groups(list(groups), request_timeout=timeout_s)
    return {group: _view(_result(group, future, timeout_s)) for group, future in futures.items()}


def offsets_of_groups(
    admin: AdminClient, groups: Mapping[str, Iterable[TopicPartition]], timeout_s: float
) -> dict[str, dict[TopicPartition, int | None]]:
    """The committed offset of every partition in `groups`, by group; None where the group has committed nothing.

    Kafka's client asks for one group at a time: all requests are sent before the first response is awaited.

    Raises:
        KafkaUnreachable: no broker responded in time, or the client may not describe a group.
    """
    found = offsets_or_errors_of_groups(admin, groups, timeout_s)
    return {group: {one: _raised(offset) for one, offset in offsets.items()} for group, offsets in found.items()}


def offsets_or_errors_of_groups(
    admin: AdminClient, groups: Mapping[str, Iterable[TopicPartition]], timeout_s: float
) -> dict[str, dict[TopicPartition, int | KafkaUnreachable | None]]:
    """As `offsets_of_groups`, with an error for each partition whose offset could not be read."""
    listed = {group: list(partitions) for group, partitions in groups.items()}
    until = time.monotonic() + timeout_s
    futures = {}
    for group, partitions in listed.items():
        asked = [confluent_kafka.TopicPartition(*partition) for partition in partitions]
        if asked:
            request = ConsumerGroupTopicPartitions(group, asked)
            futures[group] = admin.list_consumer_group_offsets([request], request_timeout=timeout_s)[group]
    return {
        group: _committed(group, partitions, futures.get(group), max(0.0, until - time.monotonic()))
        for group, partitions in listed.items()
    }


def _view(found: Any) -> GroupView:
    if found is None:
        return GroupView("Dead")
    members = (
        GroupMember(
            member.client_id,
            member.host.removeprefix("/"),
            frozenset(TopicPartition(one.topic, one.partition) for one in member.assignment.topic_partitions),
        )
        for member in found.members
    )
    return GroupView(_STATES[found.state], tuple(sorted(members, key=lambda member: member.client_id)))


def _committed(
    group: str, partitions: Sequence[TopicPartition], future: "Future[Any] | None", timeout_s: float
) -> dict[TopicPartition, int | KafkaUnreachable | None]:
    try:
        found = None if future is None else _result(group, future, timeout_s)
    except KafkaUnreachable as error:
        return dict.fromkeys(partitions, error)
    committed: dict[TopicPartition, int | KafkaUnreachable | None] = dict.fromkeys(partitions)
    for one in () if found is None else found.topic_partitions:
        if one.offset >= 0 or one.error is not None:
            offset = one.offset if one.error is None else _refused(group, one.error)
            committed[TopicPartition(one.topic, one.partition)] = offset
    return committed


def _raised(offset: int | KafkaUnreachable | None) -> int | None:
    if isinstance(offset, KafkaUnreachable):
        raise offset
    return offset


def _result(group: str, future: "Future[Any]", timeout_s: float) -> Any:
    """The future's result; None if there is no such group.

    Raises:
        KafkaUnreachable: as above.
    """
    try:
        return future.result(timeout_s + REPORT_S)
    except KafkaException as error:
        cause: KafkaError = error.args[0]
        if cause.code() == KafkaError.GROUP_ID_NOT_FOUND:
            return None
        raise _refused(group, cause) from error
    except TimeoutError as error:
        raise KafkaUnreachable(f"consumer group {group} can't be read: Kafka did not respond in time") from error


def _refused(group: str, cause: KafkaError) -> KafkaUnreachable:
    denied = cause.code() in {KafkaError.GROUP_AUTHORIZATION_FAILED, KafkaError.TOPIC_AUTHORIZATION_FAILED}
    advice = ": allow this client to Describe the group and its topic" if denied else ""
    return KafkaUnreachable(f"consumer group {group} can't be read: {cause.str()}{advice}")
