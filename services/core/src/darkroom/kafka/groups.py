"""Consumer groups: their states, their members with assignments, and their committed offsets, without joining them."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import confluent_kafka
from confluent_kafka import ConsumerGroupState, ConsumerGroupTopicPartitions, KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from darkroom.kafka.errors import KafkaUnreachable
from darkroom.kafka.log import REPORT_S, TopicPartition

if TYPE_CHECKING:
    from concurrent.futures import Future

_OFFSETS_TOPIC: Final = "__consumer_offsets"

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

    Kafka's client asks for one group at a time: all requests of a kind are sent before the first response is awaited.

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

    def left_s() -> float:
        return max(0.0, until - time.monotonic())

    found: dict[str, dict[TopicPartition, int | KafkaUnreachable | None]] = {}
    for group, readable in _readable(admin, [group for group, asked in listed.items() if asked], left_s).items():
        if readable is not True:
            found[group] = dict.fromkeys(listed[group], readable or None)
    futures = {}
    for group, partitions in listed.items():
        if partitions and group not in found:
            request = ConsumerGroupTopicPartitions(group, [confluent_kafka.TopicPartition(*one) for one in partitions])
            futures[group] = admin.list_consumer_group_offsets([request], request_timeout=left_s())[group]
    found |= {group: _committed(group, listed[group], future, left_s()) for group, future in futures.items()}
    return {group: found.get(group, {}) for group in listed}


def _readable(
    admin: AdminClient, groups: Sequence[str], left_s: Callable[[], float]
) -> dict[str, bool | KafkaUnreachable]:
    """Whether each group exists; an error if that can't be said, in which case its offsets must not be requested.

    librdkafka 2.16.0 ends the process with a segmentation fault if a broker answers a request for offsets with
    NOT_COORDINATOR: rd_kafka_handle_OffsetFetch uses the client's own group, which an Admin client does not have. This
    happens while a new Kafka creates its topic of offsets, and when coordinators move. The description of a group comes
    from the same broker, and reports the same error safely.
    """
    try:
        if not groups or not _has_offsets_topic(admin, left_s()):
            return dict.fromkeys(groups, False)
    except KafkaUnreachable as error:
        return dict.fromkeys(groups, error)
    futures = admin.describe_consumer_groups(list(groups), request_timeout=left_s())
    readable: dict[str, bool | KafkaUnreachable] = {}
    for group, future in futures.items():
        try:
            readable[group] = _view(_result(group, future, left_s())).state != "Dead"
        except KafkaUnreachable as error:
            readable[group] = error
    return readable


def _has_offsets_topic(admin: AdminClient, timeout_s: float) -> bool:
    """Whether Kafka has a topic of offsets, which it creates for its first group.

    Raises:
        KafkaUnreachable: no broker responded in time.
    """
    try:
        found = admin.list_topics(_OFFSETS_TOPIC, timeout=timeout_s).topics[_OFFSETS_TOPIC]
    except KafkaException as error:
        raise KafkaUnreachable(f"Kafka can't be reached: {error.args[0].str()}") from error
    return found.error is None or found.error.code() != KafkaError.UNKNOWN_TOPIC_OR_PART


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
    group: str, partitions: Sequence[TopicPartition], future: "Future[Any]", timeout_s: float
) -> dict[TopicPartition, int | KafkaUnreachable | None]:
    try:
        found = _result(group, future, timeout_s)
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
    return KafkaUnreachable(f"consumer group {group} can't be read: {cause.str().strip(': ')}{advice}")
