"""The thread that reads the ends of a Kafka's results and dead letters topics, in no group."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Mapping

import confluent_kafka
import structlog
from confluent_kafka import Consumer, KafkaError

from darkroom.kafka.connection import KafkaConnection, consumer_settings
from darkroom.kafka.errors import KafkaUnreachable
from darkroom.kafka.log import TopicPartition
from darkroom_ingestion.feed.events import FeedEvent, UnreadRecord
from darkroom_ingestion.kafka.client_logs import KAFKA_LOGGER
from darkroom_ingestion.kafka.contact import Contact
from darkroom_ingestion.kafka.log_admin import LogAdmin
from darkroom_ingestion.kafka.log_record import TopicContents, position_of
from darkroom_ingestion.metrics import Metrics

_POLL_S = 0.2
_LOOK_FOR_PARTITIONS_S = 5.0
_BACKOFF_S = 1.0
_MOST_UNREAD = 20_000
_BUSY_S = 0.005
_BATCH = 500
_TAKE_OVER_S = 30.0

Began = tuple[TopicContents, int, int]
"""A topic, one of its partitions, and the offset at which reading starts."""
News = FeedEvent | UnreadRecord | Began

log = structlog.get_logger("darkroom.ingestion.feed")


class Tail:
    """Passes every event to `tell`, on the event loop, in batches of (pipeline, event).

    The topics of a new pipeline are read from their end. Topics and partitions that are added later are read from their
    beginning, because all their records are new.

    Args:
        is_watched: whether anybody waits for the events of a pipeline. Records of others are passed on unread.
        predecessor: a tail of the same Kafka that this one replaces, with other credentials.
    """

    def __init__(
        self,
        connection: KafkaConnection,
        admin: LogAdmin,
        topics: Mapping[str, TopicContents],
        tell: Callable[[list[tuple[str, News]]], None],
        is_watched: Callable[[str], bool],
        metrics: Metrics,
        predecessor: "Tail | None" = None,
    ) -> None:
        self._admin, self._tell, self._is_watched, self._metrics = admin, tell, is_watched, metrics
        self._settings = tail_settings(connection)
        self._contact = Contact(connection)
        self._wanted = dict(topics)
        self._loop = asyncio.get_running_loop()
        self._unread: list[tuple[str, News]] = []
        self._lock = threading.Lock()
        self._next: dict[TopicPartition, int] = {}
        self._seen_pipelines: frozenset[str] = frozenset()
        self._absent: set[str] = set()
        self._ready_pipelines: frozenset[str] = frozenset()
        self._predecessor = predecessor
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tail", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    @property
    def ready(self) -> bool:
        """Whether the topics of all pipelines have been found."""
        return self._ready_pipelines.issuperset(contents.pipeline for contents in self._wanted.values())

    def is_ready(self, pipeline: str) -> bool:
        """Whether the topics of a pipeline have been found."""
        return pipeline in self._ready_pipelines

    def read_topics(self, topics: Mapping[str, TopicContents]) -> None:
        """Read these topics from now on."""
        self._wanted = dict(topics)

    def stop(self) -> None:
        """Ask the thread to end; `join` waits for its end."""
        self._stop.set()

    def join(self, timeout_s: float) -> None:
        """Wait for the thread's end."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        if self._predecessor is not None:
            self._take_over(self._predecessor)
            self._predecessor = None
        while not self._stop.is_set():
            try:
                self._read()
            except Exception as error:
                self._ready_pipelines = frozenset()
                self._metrics.loop_failures.labels("tail").inc()
                unexpected = not isinstance(error, KafkaUnreachable)
                log.exception("the live feed can't read, trying again", reason=str(error), exc_info=unexpected)
                self._stop.wait(_BACKOFF_S)

    def _read(self) -> None:
        consumer = Consumer(self._contact.reported_by(self._settings), logger=KAFKA_LOGGER)
        topics: dict[str, TopicContents] = {}
        look_at = 0.0
        # After an error, continue at the last positions.
        if self._next:
            self._assign(consumer)
        try:
            while not self._stop.is_set():
                if self._wanted != topics or time.monotonic() >= look_at:
                    topics = dict(self._wanted)
                    self._assign_new(consumer, topics)
                    look_at = time.monotonic() + _LOOK_FOR_PARTITIONS_S
                self._take(consumer, topics)
                self._contact.require(consumer)
        finally:
            consumer.close()

    def _assign_new(self, consumer: Consumer, topics: Mapping[str, TopicContents]) -> None:
        counts = self._admin.partitions(topics)
        partitions = [TopicPartition(topic, number) for topic, count in counts.items() for number in range(count)]
        new = [at for at in partitions if at not in self._next]
        gone = [at for at in self._next if at.topic not in topics]
        if gone:
            self._next = {at: offset for at, offset in self._next.items() if at not in gone}
            self._assign(consumer)
        if new:
            late = self._seen_pipelines, self._absent
            ends = self._admin.ends(
                [at for at in new if topics[at.topic].pipeline not in late[0] and at.topic not in late[1]]
            )
            starts = {at: ends.get(at, 0) for at in new}
            self._next |= starts
            consumer.incremental_assign([confluent_kafka.TopicPartition(*at, start) for at, start in starts.items()])
            self._pass_on(
                [(topics[at.topic].pipeline, (topics[at.topic], at.partition, start)) for at, start in starts.items()]
            )
        missing = topics.keys() - counts.keys()
        self._absent |= missing
        pipelines = frozenset(contents.pipeline for contents in topics.values())
        self._ready_pipelines = pipelines - {topics[name].pipeline for name in missing}
        self._seen_pipelines = pipelines & (self._seen_pipelines | self._ready_pipelines)

    def _take_over(self, predecessor: "Tail") -> None:
        """Continue where `predecessor`, which has been stopped, has ended."""
        predecessor.join(_TAKE_OVER_S)
        if predecessor.alive:
            log.warning("the former tail of the live feed does not end; events may be missing")
            return
        self._next = {at: offset for at, offset in predecessor._next.items() if at.topic in self._wanted}  # noqa: SLF001
        self._seen_pipelines, self._absent = predecessor._seen_pipelines, set(predecessor._absent)  # noqa: SLF001

    def _assign(self, consumer: Consumer) -> None:
        consumer.assign([confluent_kafka.TopicPartition(*at, offset) for at, offset in self._next.items()])

    def _take(self, consumer: Consumer, topics: Mapping[str, TopicContents]) -> None:
        first = consumer.poll(_POLL_S)
        if first is None:
            return
        read: list[tuple[str, News]] = []
        for message in [first, *consumer.consume(_BATCH, 0)]:
            error = message.error()
            if error is not None:
                if error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001 - the constant has no other name
                    log.debug("the live feed waits for Kafka", reason=error.str())
                continue
            at, offset = position_of(message)
            topic = topics.get(at.topic)
            if topic is None:
                continue
            self._next[at] = offset + 1
            record = UnreadRecord(topic, message)
            news = record.read() if self._is_watched(topic.pipeline) else record
            if news is not None:
                read.append((topic.pipeline, news))
        if read:
            self._pass_on(read)

    def _pass_on(self, news: list[tuple[str, News]]) -> None:
        while len(self._unread) > _MOST_UNREAD and not self._stop.wait(_BUSY_S):
            pass  # the event loop is busy: pause reading
        with self._lock:
            waking = bool(self._unread)
            self._unread.extend(news)
        if not waking:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self._hand_over)

    def _hand_over(self) -> None:
        with self._lock:
            news, self._unread = self._unread, []
        self._tell(news)


def tail_settings(connection: KafkaConnection) -> dict[str, str | int | float | bool]:
    """The settings of a consumer that reads given partitions without a group."""
    return consumer_settings(
        connection, "darkroom-ingestion-feed", group="darkroom.ingestion.feed", max_message_bytes=0
    ) | {
        "enable.partition.eof": True,
        "queued.max.messages.kbytes": 16 * 1024,
    }
