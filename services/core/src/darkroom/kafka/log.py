"""Offsets in Kafka: the beginnings and ends of partitions, and a group's committed offsets."""

import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import confluent_kafka
from confluent_kafka import Consumer, IsolationLevel, KafkaException
from confluent_kafka.admin import AdminClient, OffsetSpec

from darkroom.kafka.errors import KafkaUnreachable

if TYPE_CHECKING:
    from concurrent.futures import Future


REPORT_S: Final = 0.5
"""How long the client may take to report that a request has timed out."""

_LEAST_REQUEST_S: Final = 1.0
"""The shortest timeout of a request for offsets. The caller may wait for less.

With librdkafka 2.16.0, a request that times out while it is being made is freed twice, which ends the process: the
timer of rd_kafka_topic_partition_list_query_leaders_async runs in another thread than the function that starts it.
"""


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
    return _raised(log_beginnings_or_errors(admin, partitions, timeout_s))


def log_ends(admin: AdminClient, partitions: Iterable[TopicPartition], timeout_s: float) -> dict[TopicPartition, int]:
    """The offset after the last record of each partition that a reader of committed transactions may see.

    Raises:
        KafkaUnreachable: no broker responded in time, or a partition does not exist.
    """
    return _raised(log_ends_or_errors(admin, partitions, timeout_s))


def log_beginnings_or_errors(
    admin: AdminClient, partitions: Iterable[TopicPartition], timeout_s: float
) -> dict[TopicPartition, int | KafkaUnreachable]:
    """As `log_beginnings`, with an error for each partition that could not be read."""
    return _known_or_errors(admin, partitions, OffsetSpec.earliest(), timeout_s)  # type: ignore[no-untyped-call]


def log_ends_or_errors(
    admin: AdminClient, partitions: Iterable[TopicPartition], timeout_s: float
) -> dict[TopicPartition, int | KafkaUnreachable]:
    """As `log_ends`, with an error for each partition that could not be read."""
    return _known_or_errors(admin, partitions, OffsetSpec.latest(), timeout_s)  # type: ignore[no-untyped-call]


def offsets_at_time(
    admin: AdminClient, partitions: Iterable[TopicPartition], milliseconds: int, timeout_s: float
) -> dict[TopicPartition, int | None]:
    """The offset of the first record at or after a time in each partition; None where there is none.

    Raises:
        KafkaUnreachable: no broker responded in time, or a partition does not exist.
    """
    found = _raised(_offsets_or_errors(admin, partitions, OffsetSpec.for_timestamp(milliseconds), timeout_s))
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


def _known_or_errors(
    admin: AdminClient, partitions: Iterable[TopicPartition], spec: OffsetSpec, timeout_s: float
) -> dict[TopicPartition, int | KafkaUnreachable]:
    """The offsets. Every partition has a beginning and an end: a negative offset means that it is unknown."""
    found = _offsets_or_errors(admin, partitions, spec, timeout_s)
    return {
        partition: KafkaUnreachable(f"Kafka does not know the offsets of {partition.topic}, {partition.partition}, yet")
        if isinstance(offset, int) and offset < 0
        else offset
        for partition, offset in found.items()
    }


def _offsets_or_errors(
    admin: AdminClient, partitions: Iterable[TopicPartition], spec: OffsetSpec, timeout_s: float
) -> dict[TopicPartition, int | KafkaUnreachable]:
    asked = {confluent_kafka.TopicPartition(*partition): spec for partition in partitions}
    if not asked:
        return {}
    until = time.monotonic() + timeout_s
    futures: Mapping[confluent_kafka.TopicPartition, Future[Any]] = admin.list_offsets(
        asked, isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=max(timeout_s, _LEAST_REQUEST_S)
    )
    return {
        TopicPartition(partition.topic, partition.partition): _offset(future, until)
        for partition, future in futures.items()
    }


def _offset(future: "Future[Any]", until: float) -> int | KafkaUnreachable:
    # The client needs a moment to report that its time has run out.
    try:
        offset: int = future.result(max(0.0, until - time.monotonic()) + REPORT_S).offset
    except KafkaException as error:
        return KafkaUnreachable(f"Kafka can't be queried: {error.args[0].str()}")
    except TimeoutError:
        return KafkaUnreachable("Kafka did not respond in time")
    return offset


def _raised(found: Mapping[TopicPartition, int | KafkaUnreachable]) -> dict[TopicPartition, int]:
    """The same offsets.

    Raises:
        KafkaUnreachable: the first error among them.
    """
    offsets = {}
    for partition, offset in found.items():
        if isinstance(offset, KafkaUnreachable):
            raise offset
        offsets[partition] = offset
    return offsets
