"""The lag of many consumer groups of one Kafka cluster, in one query with bounded time."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from confluent_kafka.admin import AdminClient

from darkroom.kafka.errors import KafkaUnreachable
from darkroom.kafka.groups import offsets_or_errors_of_groups
from darkroom.kafka.lag import PartitionOffsets
from darkroom.kafka.log import TopicPartition, log_beginnings_or_errors, log_ends_or_errors


class GroupLog(NamedTuple):
    """The topic that a group reads, and its number of partitions."""

    topic: str
    partitions: int

    @property
    def all(self) -> list[TopicPartition]:
        """Every partition."""
        return [TopicPartition(self.topic, number) for number in range(self.partitions)]


@dataclass(frozen=True)
class GroupOffsets:
    """How far a group has read the log.

    Attributes:
        partitions: by partition number; None where an offset could not be read.
        problem: why an offset could not be read, and what to do; empty if all are known.
    """

    partitions: tuple[PartitionOffsets | None, ...]
    problem: str = ""


def query_lag(
    admin: AdminClient,
    groups: Mapping[str, GroupLog],
    timeout_s: float,
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, GroupOffsets]:
    """The offsets of every group in `groups`. Takes `timeout_s` at most; what Kafka has not answered then is unknown.

    The committed offsets of all groups are requested at once. The ends of all partitions are one request to each
    leader, as are the beginnings, which are read only where records wait.
    """
    until = clock() + timeout_s
    committed = offsets_or_errors_of_groups(admin, {group: log.all for group, log in groups.items()}, timeout_s)
    logs = {partition for log in groups.values() for partition in log.all}
    ends = log_ends_or_errors(admin, logs, max(0.0, until - clock()))
    waiting = {
        partition
        for group, log in groups.items()
        for partition in log.all
        if not _is_read(committed[group][partition], ends[partition])
    }
    beginnings = log_beginnings_or_errors(admin, waiting, max(0.0, until - clock()))
    return {group: _group_offsets(log, committed[group], ends, beginnings) for group, log in groups.items()}


def _is_read(committed: int | KafkaUnreachable | None, end: int | KafkaUnreachable) -> bool:
    """Whether the beginning makes no difference: nothing waits, or an offset is unknown anyway."""
    if isinstance(committed, KafkaUnreachable) or isinstance(end, KafkaUnreachable):
        return True
    return (committed or 0) >= end


def _group_offsets(
    log: GroupLog,
    committed: Mapping[TopicPartition, int | KafkaUnreachable | None],
    ends: Mapping[TopicPartition, int | KafkaUnreachable],
    beginnings: Mapping[TopicPartition, int | KafkaUnreachable],
) -> GroupOffsets:
    partitions: list[PartitionOffsets | None] = []
    problem = ""
    for partition in log.all:
        # Where nothing waits, 0 says as much as the true beginning.
        found = committed[partition], ends[partition], beginnings.get(partition, 0)
        errors = [str(offset) for offset in found if isinstance(offset, KafkaUnreachable)]
        problem = problem or next(iter(errors), "")
        partitions.append(_known(*found))
    return GroupOffsets(tuple(partitions), problem)


def _known(
    committed: int | KafkaUnreachable | None, end: int | KafkaUnreachable, beginning: int | KafkaUnreachable
) -> PartitionOffsets | None:
    if isinstance(committed, KafkaUnreachable) or isinstance(end, KafkaUnreachable):
        return None
    return None if isinstance(beginning, KafkaUnreachable) else PartitionOffsets(end, beginning, committed)
