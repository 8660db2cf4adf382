"""Reads from the log the events that a client missed, up to the position of the live feed."""

import asyncio
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import confluent_kafka
from confluent_kafka import Consumer, KafkaError

from darkroom.kafka.connection import KafkaConnection
from darkroom.kafka.errors import KafkaUnreachable
from darkroom.kafka.log import TopicPartition
from darkroom_ingestion.feed.events import FeedEvent, event_of
from darkroom_ingestion.feed.positions import Positions, Topic
from darkroom_ingestion.feed.tail import tail_settings
from darkroom_ingestion.kafka.client_logs import KAFKA_LOGGER
from darkroom_ingestion.kafka.log_record import LogRecord, TopicContents

_BATCH = 200
_POLL_S = 0.2
_SILENCE_S = 15.0
# The broker delays a fetch at the end of a partition in case of new records. Here the end is awaited, so wait little.
_SOON_AT_THE_END = {"fetch.wait.max.ms": 50, "queued.max.messages.kbytes": 4 * 1024}


class CatchUp:
    """One consumer that reads from a client's position to a given one.

    Args:
        topics: names of the topics to read, by stage and output.
        start: the client's position; partitions that it does not name are read from their beginning.
        end: the position to stop at.
    """

    def __init__(
        self, connection: KafkaConnection, pipeline: str, topics: Mapping[Topic, str], start: Positions, end: Positions
    ) -> None:
        self._topics = {
            name: TopicContents(pipeline, "results" if t[1] == "r" else "dead-letters", t[0])
            for t, name in topics.items()
        }
        self._closed = False
        self._in_use = threading.Lock()
        self._left = _gaps(topics, start, end)
        self._consumer = (
            Consumer(tail_settings(connection) | _SOON_AT_THE_END, logger=KAFKA_LOGGER) if self._left else None
        )
        if self._consumer is not None:
            starts = [confluent_kafka.TopicPartition(*at, first) for at, (first, _) in self._left.items()]
            self._consumer.assign(starts)

    async def batch(self, threads: ThreadPoolExecutor) -> list[FeedEvent]:
        """The next events; empty once the end is reached.

        Raises:
            KafkaUnreachable: the log can't be read.
        """
        return await asyncio.get_running_loop().run_in_executor(threads, self._batch)

    def close(self) -> None:
        """Close the consumer, once a batch that is being read has ended."""
        self._closed = True
        with self._in_use:
            if self._consumer is not None:
                self._consumer.close()

    def _batch(self) -> list[FeedEvent]:
        with self._in_use:
            return self._read()

    def _read(self) -> list[FeedEvent]:
        events: list[FeedEvent] = []
        give_up_at = time.monotonic() + _SILENCE_S
        while self._left and self._consumer is not None and len(events) < _BATCH and not self._closed:
            message = self._consumer.poll(0 if events else _POLL_S)
            if message is None:
                if events:
                    break
                if time.monotonic() > give_up_at:
                    raise KafkaUnreachable("the log can't be read: no response in time")
                continue
            give_up_at = time.monotonic() + _SILENCE_S
            at, offset = TopicPartition(message.topic() or "", message.partition() or 0), message.offset() or 0
            error = message.error()
            if error is not None:
                if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - the constant has no other name
                    self._reached(at, offset)
                continue
            if at in self._left and offset < self._left[at][1]:
                event = event_of(self._topics[at.topic], LogRecord.of(message))
                if event:
                    events.append(event)
            self._reached(at, offset + 1)
        return events

    def _reached(self, partition: TopicPartition, next_offset: int) -> None:
        if partition in self._left and next_offset >= self._left[partition][1]:
            del self._left[partition]


def _gaps(topics: Mapping[Topic, str], start: Positions, end: Positions) -> dict[TopicPartition, tuple[int, int]]:
    """The first offset and the end offset (exclusive) to read, of the partitions that have a gap."""
    gaps = {}
    behind = start.offsets
    for topic, ends in end.offsets.items():
        if topic not in topics:
            continue
        starts = behind.get(topic, [])
        for partition, last in enumerate(ends):
            first = starts[partition] if partition < len(starts) else 0
            if first < last:
                gaps[TopicPartition(topics[topic], partition)] = (first, last)
    return gaps
