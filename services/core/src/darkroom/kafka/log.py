"""Offsets in Kafka: the beginnings and ends of partitions, and a group's committed offsets."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import confluent_kafka
from confluent_kafka import Consumer, IsolationLevel, KafkaException
from confluent_kafka.admin import AdminClient, OffsetSpec

from darkroom.kafka.errors import KafkaUnreachable

if TYPE_CHECKING:
    from concurrent.futures import Future


class TopicPartition(NamedTuple):
    """One partition of one topic."""

    topic: str
    partition: int


class Committed(NamedTuple):
    """A group's committed offset in a partition. `offset` is None if it has committed nothing."""

    offset: int | None
    metadata: str


def log_beginnings(
    admin: AdminClient, partitions: Iterable[TopicPartition], timeout_s: float
) -> dict[TopicPartition, int]:
    """The offset of the first record in each partition.

    Raises:
        KafkaUnreachable: no broker responded in time, or a partition does not exist.
    """
    return _known(_offsets(admin, partitions, OffsetSpec.earliest(), timeout_s))  # type: ignore[no-untyped-call]


def log_ends(admin: AdminClient, partitions: Iterable[TopicPartition], timeout_s: float) -> dict[TopicPartition, int]:
    """The offset after the last record of each partition that a reader of committed transactions may see.

    Raises:
        KafkaUnreachable: no broker responded in time, or a partition does not exist.
    """
    return _known(_offsets(admin, partitions, OffsetSpec.latest(), timeout_s))  # type: ignore[no-untyped-call]


def offsets_at_time(
    admin: AdminClient, partitions: Iterable[TopicPartition], milliseconds: int, timeout_s: float
) -> dict[TopicPartition, int | None]:
    """The offset of the first record at or after a time in each partition; None where there is none.

    Raises:
        KafkaUnreachable: no broker responded in time, or a partition does not exist.
    """
    found = _offsets(admin, partitions, OffsetSpec.for_timestamp(milliseconds), timeout_s)
    return {partition: offset if offset >= 0 else None for partition, offset in found.items()}


def committed_offsets(
    consumer: Consumer, partitions: Iterable[TopicPartition], timeout_s: float
) -> dict[TopicPartition, Committed]:
    """The committed offsets of the group of `consumer`, which does not have to be a member.

    Raises:
        KafkaException: the client's error. How to handle it depends on whether the consumer is a member.
    """
    asked = [confluent_kafka.TopicPartition(*partition) for partition in partitions]
    return {
        TopicPartition(found.topic, found.partition): Committed(
            found.offset if found.offset >= 0 else None, found.metadata or ""
        )
        for found in consumer.committed(asked, timeout=timeout_s)
    }


def _known(offsets: dict[TopicPartition, int]) -> dict[TopicPartition, int]:
    """The same offsets. Every partition has a beginning and an end: a negative offset means that it is unknown."""
    for (topic, partition), offset in offsets.items():
        if offset < 0:
            raise KafkaUnreachable(f"Kafka does not know the offsets of {topic}, partition {partition}, yet")
    return offsets


def _offsets(
    admin: AdminClient, partitions: Iterable[TopicPartition], spec: OffsetSpec, timeout_s: float
) -> dict[TopicPartition, int]:
    asked = {confluent_kafka.TopicPartition(*partition): spec for partition in partitions}
    if not asked:
        return {}
    futures: Mapping[confluent_kafka.TopicPartition, Future[Any]] = admin.list_offsets(
        asked, isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=timeout_s
    )
    try:
        return {
            TopicPartition(partition.topic, partition.partition): future.result(2 * timeout_s).offset
            for partition, future in futures.items()
        }
    except KafkaException as error:
        raise KafkaUnreachable(f"Kafka can't be queried: {error.args[0].str()}") from error
    except TimeoutError as error:
        raise KafkaUnreachable("Kafka did not respond in time") from error
