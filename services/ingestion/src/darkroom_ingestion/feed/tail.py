"""The thread that reads the ends of a Kafka's results and dead letters topics, in no group."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Mapping

import structlog
from confluent_kafka import Consumer, KafkaError, TopicPartition

from darkroom.kafka.connection import KafkaConnection, consumer_settings
from darkroom_ingestion.feed.events import FeedEvent, feed_event
from darkroom_ingestion.kafka.client_logs import KAFKA_LOGGER
from darkroom_ingestion.kafka.log_admin import LogAdmin
from darkroom_ingestion.metrics import Metrics
from darkroom_ingestion.store.rows import LogRecord, TopicOf

_POLL_S = 0.2
_LOOK_FOR_PARTITIONS_S = 5.0
_BACKOFF_S = 1.0
_MOST_UNREAD = 20_000
_BUSY_S = 0.005
_BATCH = 500

Place = tuple[str, int]
Began = tuple[TopicOf, int, int]
"""A topic, a partition of it and the offset where reading begins."""
Told = FeedEvent | Began

log = structlog.get_logger("darkroom.ingestion.feed")


class Tail:
    """Hands every event to `tell`, on the event loop, in batches of (pipeline, event).

    A pipeline's topics are read from their end when it is first seen; topics and partitions that it gets later from
    their beginning, because everything in them has come since.
    """

    def __init__(
        self,
        connection: KafkaConnection,
        admin: LogAdmin,
        topics: Mapping[str, TopicOf],
        tell: Callable[[list[tuple[str, Told]]], None],
        metrics: Metrics,
    ) -> None:
        self._admin, self._tell, self._metrics = admin, tell, metrics
        self._settings = tail_settings(connection)
        self._wanted = dict(topics)
        self._loop = asyncio.get_running_loop()
        self._unread: list[tuple[str, Told]] = []
        self._lock = threading.Lock()
        self._next: dict[Place, int] = {}
        self._seen_pipelines: set[str] = set()
        self._absent: set[str] = set()
        self._ready = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tail", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether its thread runs."""
        return self._thread.is_alive()

    @property
    def ready(self) -> bool:
        """Whether it has found the ends of all topics."""
        return self._ready

    def read_topics(self, topics: Mapping[str, TopicOf]) -> None:
        """Read these topics from now on."""
        self._wanted = dict(topics)

    def stop(self) -> None:
        """Tell it to end; `join` waits for it."""
        self._stop.set()

    def join(self, timeout_s: float) -> None:
        """Wait for its end."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._read()
            except Exception:
                self._ready = False
                self._metrics.loop_failures.labels("tail").inc()
                log.exception("the live feed can't read, trying again")
                self._stop.wait(_BACKOFF_S)

    def _read(self) -> None:
        consumer = Consumer(self._settings, logger=KAFKA_LOGGER)
        topics: dict[str, TopicOf] = {}
        look_at = 0.0
        # What was read before an error is read on where it stood.
        if self._next:
            consumer.assign([TopicPartition(*place, offset) for place, offset in self._next.items()])
        try:
            while not self._stop.is_set():
                if self._wanted != topics or time.monotonic() >= look_at:
                    topics = dict(self._wanted)
                    self._assign_new(consumer, topics)
                    look_at = time.monotonic() + _LOOK_FOR_PARTITIONS_S
                self._take(consumer, topics)
        finally:
            consumer.close()

    def _assign_new(self, consumer: Consumer, topics: Mapping[str, TopicOf]) -> None:
        counts = self._admin.partitions(topics)
        places = [(topic, partition) for topic, count in counts.items() for partition in range(count)]
        new = [place for place in places if place not in self._next]
        gone = [place for place in self._next if place[0] not in topics]
        if gone:
            self._next = {place: at for place, at in self._next.items() if place not in gone}
            consumer.assign([TopicPartition(*place, at) for place, at in self._next.items()])
        if new:
            late = self._seen_pipelines, self._absent
            at_end = self._admin.ends([p for p in new if topics[p[0]].pipeline not in late[0] and p[0] not in late[1]])
            starts = {place: at_end.get(place, 0) for place in new}
            self._next |= starts
            consumer.incremental_assign([TopicPartition(*place, at) for place, at in starts.items()])
            self._pass_on([(topics[t].pipeline, (topics[t], partition, at)) for (t, partition), at in starts.items()])
        self._absent |= topics.keys() - counts.keys()
        if len(counts) == len(topics):
            self._seen_pipelines = {topic.pipeline for topic in topics.values()}
            self._ready = True

    def _take(self, consumer: Consumer, topics: Mapping[str, TopicOf]) -> None:
        read: list[tuple[str, Told]] = []
        message = consumer.poll(_POLL_S)
        while message is not None:
            error = message.error()
            if error is None:
                record = LogRecord.of(message)
                topic = topics.get(record.topic)
                if topic is not None:
                    self._next[record.topic, record.partition] = record.offset + 1
                    if event := feed_event(topic, record):
                        read.append((topic.pipeline, event))
            elif error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
                log.debug("the live feed waits for Kafka", reason=error.str())
            message = consumer.poll(0) if len(read) < _BATCH else None
        if read:
            self._pass_on(read)

    def _pass_on(self, told: list[tuple[str, Told]]) -> None:
        while len(self._unread) > _MOST_UNREAD and not self._stop.wait(_BUSY_S):
            pass  # the event loop is busy: the log waits for it
        with self._lock:
            waking = bool(self._unread)
            self._unread.extend(told)
        if not waking:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens
                self._loop.call_soon_threadsafe(self._hand_over)

    def _hand_over(self) -> None:
        with self._lock:
            told, self._unread = self._unread, []
        self._tell(told)


def tail_settings(connection: KafkaConnection) -> dict[str, str | int | float | bool]:
    """Settings of a consumer that reads given partitions and belongs to no group."""
    return consumer_settings(
        connection, "darkroom-ingestion-feed", group="darkroom.ingestion.feed", max_message_bytes=0
    ) | {
        "enable.partition.eof": True,
        "queued.max.messages.kbytes": 16 * 1024,
    }
