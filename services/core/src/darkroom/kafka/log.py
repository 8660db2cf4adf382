"""The log as Kafka tells of it: where partitions begin and end, and what a group has committed."""

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
    """What a group has committed of a partition. `offset` is None if it has committed nothing."""

    offset: int | None
    metadata: str


def log_beginnings(
    admin: AdminClient, partitions: Iterable[TopicPartition], timeout_s: float
) -> dict[TopicPartition, int]:
    """The offset of the first record that each partition still holds.

    Raises:
        KafkaUnreachable: no broker answered in time, or a partition does not exist.
    """
    return _offsets(admin, partitions, OffsetSpec.earliest(), timeout_s)  # type: ignore[no-untyped-call]


def log_ends(admin: AdminClient, partitions: Iterable[TopicPartition], timeout_s: float) -> dict[TopicPartition, int]:
    """The offset after the last record of each partition that a reader of committed transactions may see.

    Raises:
        KafkaUnreachable: no broker answered in time, or a partition does not exist.
    """
    return _offsets(admin, partitions, OffsetSpec.latest(), timeout_s)  # type: ignore[no-untyped-call]


def offsets_at_time(
    admin: AdminClient, partitions: Iterable[TopicPartition], milliseconds: int, timeout_s: float
) -> dict[TopicPartition, int | None]:
    """The offset of the first record of each partition that is not older; None where there is none.

    Raises:
        KafkaUnreachable: no broker answered in time, or a partition does not exist.
    """
    found = _offsets(admin, partitions, OffsetSpec.for_timestamp(milliseconds), timeout_s)
    return {partition: offset if offset >= 0 else None for partition, offset in found.items()}


def committed_offsets(
    consumer: Consumer, partitions: Iterable[TopicPartition], timeout_s: float
) -> dict[TopicPartition, Committed]:
    """What the group of `consumer`, which need not be a member of it, has committed of each partition.

    Raises:
        KafkaException: as the client raises it; what it asks for depends on whether the consumer is a member.
    """
    asked = [confluent_kafka.TopicPartition(*partition) for partition in partitions]
    return {
        TopicPartition(each.topic, each.partition): Committed(
            each.offset if each.offset >= 0 else None, each.metadata or ""
        )
        for each in consumer.committed(asked, timeout=timeout_s)
    }


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
            TopicPartition(each.topic, each.partition): future.result(2 * timeout_s).offset
            for each, future in futures.items()
        }
    except KafkaException as error:
        raise KafkaUnreachable(f"Kafka does not answer: {error.args[0].str()}") from error
    except TimeoutError as error:
        raise KafkaUnreachable("Kafka does not answer in time") from error
