"""Reading what a client of the feed has missed, from the log, up to where the live feed stands."""

import asyncio
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from confluent_kafka import Consumer, KafkaError, TopicPartition

from darkroom.kafka.connection import KafkaConnection
from darkroom_ingestion.feed.events import FeedEvent, feed_event
from darkroom_ingestion.feed.positions import Positions, Topic
from darkroom_ingestion.feed.tail import tail_settings
from darkroom_ingestion.kafka.client_logs import KAFKA_LOGGER
from darkroom_ingestion.kafka.log_admin import KafkaAway
from darkroom_ingestion.store.rows import LogRecord, TopicOf

_BATCH = 200
_POLL_S = 0.2
_SILENCE_S = 15.0
# The broker holds a fetch at the end of a partition back, in case something comes; here the end is what is awaited.
_SOON_AT_THE_END = {"fetch.wait.max.ms": 50, "queued.max.messages.kbytes": 4 * 1024}

Place = tuple[str, int]


class CatchUp:
    """One consumer that reads from a client's position to a given one.

    Args:
        topics: names of the topics to read, by stage and output.
        start: where the client stands; partitions that it does not name are read from their beginning.
        end: where to stop.
    """

    def __init__(
        self, connection: KafkaConnection, pipeline: str, topics: Mapping[Topic, str], start: Positions, end: Positions
    ) -> None:
        self._topics = {
            name: TopicOf(pipeline, "results" if t[1] == "r" else "dead-letters", t[0]) for t, name in topics.items()
        }
        self._closed = False
        self._in_use = threading.Lock()
        self._left = _gaps(topics, start, end)
        self._consumer = (
            Consumer(tail_settings(connection) | _SOON_AT_THE_END, logger=KAFKA_LOGGER) if self._left else None
        )
        if self._consumer is not None:
            starts = [TopicPartition(*place, first) for place, (first, _) in self._left.items()]
            self._consumer.assign(starts)

    async def batch(self, threads: ThreadPoolExecutor) -> list[FeedEvent]:
        """The next events; none when the end is reached.

        Raises:
            KafkaAway: the log can't be read.
        """
        return await asyncio.get_running_loop().run_in_executor(threads, self._batch)

    def close(self) -> None:
        """Let the consumer go, once a batch that is being read has ended."""
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
                    raise KafkaAway("the log can't be read: no answer in time")
                continue
            give_up_at = time.monotonic() + _SILENCE_S
            place, offset = (message.topic() or "", message.partition() or 0), message.offset() or 0
            error = message.error()
            if error is not None:
                if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
                    self._reached(place, offset)
                continue
            if place in self._left and offset < self._left[place][1]:
                event = feed_event(self._topics[place[0]], LogRecord.of(message))
                if event:
                    events.append(event)
            self._reached(place, offset + 1)
        return events

    def _reached(self, place: Place, next_offset: int) -> None:
        if place in self._left and next_offset >= self._left[place][1]:
            del self._left[place]


def _gaps(topics: Mapping[Topic, str], start: Positions, end: Positions) -> dict[Place, tuple[int, int]]:
    """From where to where each partition must be read; those without a gap are left out."""
    gaps = {}
    behind = start.offsets
    for topic, ends in end.offsets.items():
        if topic not in topics:
            continue
        starts = behind.get(topic, [])
        for partition, last in enumerate(ends):
            first = starts[partition] if partition < len(starts) else 0
            if first < last:
                gaps[topics[topic], partition] = (first, last)
    return gaps
