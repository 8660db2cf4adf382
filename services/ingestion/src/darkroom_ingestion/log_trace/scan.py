"""Reads ranges of partitions, and keeps the records of one image."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import confluent_kafka
from confluent_kafka import Consumer, KafkaError, KafkaException, Message

from darkroom.kafka.connection import ClientSettings
from darkroom.kafka.errors import KafkaUnreachable
from darkroom.kafka.log import TopicPartition
from darkroom.kafka.record_headers import record_headers
from darkroom_ingestion.kafka.client_logs import KAFKA_LOGGER
from darkroom_ingestion.kafka.log_record import LogRecord, position_of

_BATCH = 500
_POLL_S = 0.5
_SILENCE_S = 20.0
_TELL_EVERY_S = 0.2

Range = tuple[int, int]
"""The first offset, and the end offset (exclusive)."""


@dataclass
class Budget:
    """The number of records that may still be read."""

    records: int

    @property
    def spent(self) -> bool:
        """Whether nothing is left."""
        return self.records <= 0


def scan(
    settings: ClientSettings,
    ranges: Mapping[TopicPartition, Range],
    wanted: Callable[[str], bool],
    budget: Budget,
    tell: Callable[[int, int], None],
) -> list[LogRecord]:
    """The records in `ranges` whose header `ce_id` is wanted. Stops when the budget is spent.

    Args:
        settings: settings of the consumer.
        ranges: the offsets to read of each partition.
        wanted: selects records by their `ce_id`.
        budget: how many records may be read.
        tell: called with the number of offsets that were read, and their total.

    Raises:
        KafkaUnreachable: Kafka did not send anything for too long, or refuses to.
    """
    left = {partition: (start, end) for partition, (start, end) in ranges.items() if start < end}
    total = sum(end - start for start, end in left.values())
    found: list[LogRecord] = []
    if not left:
        return found
    consumer = Consumer(dict(settings), logger=KAFKA_LOGGER)
    try:
        consumer.assign([confluent_kafka.TopicPartition(*at, start) for at, (start, _) in left.items()])
        heard_at = told_at = time.monotonic()
        while left and not budget.spent:
            messages = consumer.consume(_BATCH, _POLL_S)
            now = time.monotonic()
            heard_at = now if messages else heard_at
            if now - heard_at > _SILENCE_S:
                raise KafkaUnreachable(f"Kafka sent no records of {min(left).topic} for {_SILENCE_S:.0f} s")
            for message in messages:
                _take(message, left, budget)
                if message.error() is None and wanted(_id_of(message)):
                    found.append(LogRecord.of(message))
            if now - told_at > _TELL_EVERY_S:
                told_at = now
                tell(total - sum(end - start for start, end in left.values()), total)
    except KafkaException as error:
        raise KafkaUnreachable(f"the log can't be read: {error.args[0].str()}") from error
    finally:
        consumer.close()
    tell(total, total)
    return [record for record in found if record.offset < ranges[record.topic_partition][1]]


def _take(message: Message, left: dict[TopicPartition, Range], budget: Budget) -> None:
    """Advance in the message's partition, which is removed from `left` at its end."""
    error = message.error()
    if error is not None and error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
        raise KafkaUnreachable(f"the log can't be read: {error.str()}")
    at, offset = position_of(message)
    if at not in left:
        return
    budget.records -= error is None
    if error is not None or offset + 1 >= left[at][1]:
        del left[at]
    else:
        left[at] = (offset + 1, left[at][1])


def _id_of(message: Message) -> str:
    for name, value in record_headers(message):
        if name == "ce_id" and value is not None:
            return value.decode(errors="replace")
    return ""
