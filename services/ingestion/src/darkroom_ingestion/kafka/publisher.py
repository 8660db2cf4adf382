"""Publishing to one Kafka cluster with librdkafka's producer and asyncio."""

import asyncio
import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from itertools import count
from typing import NamedTuple

import structlog
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from darkroom.backoff import Backoff
from darkroom.errors import DarkroomError
from darkroom.kafka.connection import KafkaConnection, producer_settings
from darkroom.kafka.errors import KafkaUnreachable
from darkroom_ingestion.kafka.client_logs import KAFKA_LOGGER
from darkroom_ingestion.kafka.contact import Contact
from darkroom_ingestion.metrics import Metrics

_POLL_S = 0.002
_SHARED_POLL_S = 0.004
"""Of one of several processes, while `_MANY` records wait."""
_MANY = 8
_SUPERVISE_S = 0.2
_LINGER_MS = 2.0
_QUEUE_KIB = 256 * 1024
_QUEUE_RECORDS = 100_000
# librdkafka's maximum. The broker enforces the limit of a topic, and the service that of a pipeline.
_MAX_MESSAGE_BYTES = 1_000_000_000
_LARGEST_BATCH_BYTES = 1_000_000
_ANSWER_GRACE_S = 5.0
_FIRST_RETRY_S, _LAST_RETRY_S = 0.2, 10.0
_PURGE_S = 1.0

log = structlog.get_logger("darkroom.ingestion.publisher")


class Record(NamedTuple):
    """A record to publish."""

    topic: str
    key: bytes
    value: bytes
    headers: Sequence[tuple[str, bytes]]
    timestamp_ms: int


class Ack(NamedTuple):
    """The position of an acknowledged record. `bootstrap_servers` says in which Kafka."""

    topic: str
    partition: int
    offset: int
    bootstrap_servers: str


class QueueFull(DarkroomError):
    """The producer's queue is full."""


class NotDelivered(DarkroomError):
    """Kafka did not acknowledge a record. The record may be in the log anyway.

    Attributes:
        too_large: whether the record exceeds the topic's maximum size.
    """

    def __init__(self, reason: str, *, too_large: bool = False) -> None:
        super().__init__(reason)
        self.too_large = too_large


Settled = Callable[[Ack | NotDelivered], None]
"""Called by the event loop with the outcome of a record. Raises nothing."""


class _Waiting(NamedTuple):
    """A record that waits for its acknowledgement. `since_s` is when it was passed to the producer."""

    settled: Settled
    topic: str
    since_s: float


class Publisher:
    """A producer, polled by the event loop. Call `publish` and `begin` from the event loop only.

    A thread that polls would take the interpreter from the event loop for each acknowledgement. Here a thread only
    replaces a producer that fails permanently, for example because it is not authorised yet.

    Attributes:
        problem: why nothing can be published until the producer is replaced; else None.

    Args:
        batch_bytes: the maximum size of a batch. Kafka's max.message.bytes limits whole batches, so images that fit
            alone could be refused together.
        processes: the number of processes that share the limits of the queue.
    """

    def __init__(
        self,
        connection: KafkaConnection,
        *,
        batch_bytes: int,
        delivery_timeout_s: float,
        metrics: Metrics,
        processes: int = 1,
    ) -> None:
        self.batch_bytes = min(batch_bytes, _LARGEST_BATCH_BYTES)
        self._settings = producer_settings(
            connection, "darkroom-ingestion", max_message_bytes=_MAX_MESSAGE_BYTES, linger_ms=_LINGER_MS
        ) | {
            "batch.size": self.batch_bytes,
            "message.timeout.ms": int(delivery_timeout_s * 1000),
            "queue.buffering.max.kbytes": _QUEUE_KIB // processes,
            "queue.buffering.max.messages": _QUEUE_RECORDS // processes,
        }
        self._bootstrap_servers = connection.bootstrap_servers
        self._contact = Contact(connection)
        self._timeout_s = delivery_timeout_s + _ANSWER_GRACE_S
        self._metrics = metrics
        self.problem: str | None = None
        self._fatal: KafkaException | None = None
        self._producer = self._new_producer()
        self._loop = asyncio.get_running_loop()
        self._delivered: deque[tuple[int, KafkaError | None, Message]] = deque()
        self._waiting: dict[int, _Waiting] = {}
        """By number, which is their order."""
        self._numbers = count()
        # One of several processes gets fewer acknowledgements at a time, and waking up costs more than handling three.
        self._poll_of_many_s = _SHARED_POLL_S if processes > 1 else _POLL_S
        self._polling: asyncio.TimerHandle | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    @property
    def waiting(self) -> int:
        """The number of records that wait for Kafka's acknowledgement."""
        return len(self._waiting)

    async def publish(self, record: Record) -> Ack:
        """Publish `record` and wait until every in-sync replica has it.

        Raises:
            QueueFull: the producer's queue is full.
            NotDelivered: Kafka did not acknowledge the record in time, or refused it.
        """
        answer: asyncio.Future[Ack] = self._loop.create_future()

        def settled(outcome: Ack | NotDelivered) -> None:
            if answer.done():  # cancelled
                return
            if isinstance(outcome, Ack):
                answer.set_result(outcome)
            else:
                answer.set_exception(outcome)

        self.begin(record, settled)
        return await answer

    def begin(self, record: Record, settled: Settled) -> None:
        """Publish `record`. `settled` is called when every in-sync replica has it, or with why that is not known.

        Raises:
            QueueFull, NotDelivered: it is not published.
        """
        number = next(self._numbers)

        def delivered(error: KafkaError | None, message: Message) -> None:
            # By whichever thread polls. The event loop, which polls as long as records wait, settles it.
            self._delivered.append((number, error, message))

        since_s = time.perf_counter()
        try:
            self._producer.produce(
                record.topic,
                value=record.value,
                key=record.key,
                headers=list(record.headers),
                timestamp=record.timestamp_ms,
                on_delivery=delivered,
            )
        except BufferError as error:
            raise QueueFull("the producer's queue is full") from error
        except KafkaException as error:
            raise self._failure(error.args[0]) from error
        self._waiting[number] = _Waiting(settled, record.topic, since_s)
        if self._polling is None:
            self._polling = self._loop.call_later(_POLL_S, self._poll)

    def close(self, timeout_s: float) -> None:
        """Wait up to `timeout_s` for records in flight, and close. Blocks: do not call it on the event loop."""
        try:
            left = self._producer.flush(timeout_s)
        except KafkaException:
            left = len(self._producer)
        if left:
            log.warning("stopped with records unacknowledged", records=left)
        self._stop.set()
        self._thread.join(_SUPERVISE_S * 5)

    def _run(self) -> None:
        backoff = Backoff(_FIRST_RETRY_S, _LAST_RETRY_S)
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                self._supervise()
            except KafkaException as error:  # poll raises only fatal errors
                self._let_go(error.args[0].str())
            except KafkaUnreachable as error:
                self._let_go(str(error))
            if not self._stop.is_set():
                if time.monotonic() - began > _LAST_RETRY_S:
                    backoff.reset()
                self._stop.wait(backoff.next_s())
                self._producer, self._fatal = self._new_producer(), None
                self.problem = None

    def _new_producer(self) -> Producer:
        return Producer(self._contact.reported_by(self._settings), logger=KAFKA_LOGGER)

    def _supervise(self) -> None:
        while not self._stop.wait(_SUPERVISE_S):
            self._producer.poll(0)
            if self._fatal is not None:
                raise self._fatal
            self._contact.require(self._producer)

    def _poll(self) -> None:
        poll_s = self._poll_of_many_s if len(self._waiting) >= _MANY else _POLL_S
        try:
            self._producer.poll(0)
        except KafkaException as error:  # poll raises only fatal errors
            self._fatal = error
        try:
            self._settle(time.perf_counter())
        finally:
            self._polling = self._loop.call_later(poll_s, self._poll) if self._waiting else None

    def _let_go(self, reason: str) -> None:
        """Fail the waiting calls of a producer that has failed permanently."""
        self.problem = reason
        self._metrics.loop_failures.labels("publisher").inc()
        log.error("replacing the failed producer", reason=self.problem)
        with contextlib.suppress(KafkaException):
            self._producer.purge()
            self._producer.flush(_PURGE_S)

    def _settle(self, now_s: float) -> None:
        while self._delivered:
            number, error, message = self._delivered.popleft()
            waiting = self._waiting.pop(number, None)
            if waiting is None:  # it was overdue
                continue
            if error is not None:
                waiting.settled(self._failure(error))
                continue
            partition, offset = message.partition(), message.offset()
            assert partition is not None and offset is not None  # noqa: S101, PT018 - delivered
            self._metrics.ack_seconds.observe(now_s - waiting.since_s)
            waiting.settled(Ack(waiting.topic, partition, offset, self._bootstrap_servers))
        while self._waiting:
            first = next(iter(self._waiting))
            if self._waiting[first].since_s + self._timeout_s > now_s:
                return
            self._waiting.pop(first).settled(NotDelivered("Kafka did not acknowledge in time"))

    def _failure(self, error: KafkaError) -> NotDelivered:
        return NotDelivered(self.problem or error.str(), too_large=error.code() == KafkaError.MSG_SIZE_TOO_LARGE)
