"""The consumer that fills the store from the topics of one Kafka cluster."""

import threading
import time
from collections.abc import Mapping, Sequence

import confluent_kafka
import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Message

from darkroom.backoff import Backoff
from darkroom.kafka.connection import KafkaConnection
from darkroom.kafka.errors import KafkaUnreachable, is_fatal
from darkroom.kafka.log import TopicPartition
from darkroom.tracing.spans import Tracing
from darkroom_ingestion.filling.already_read import already_read
from darkroom_ingestion.filling.answer_spans import AnswerSpans
from darkroom_ingestion.filling.consumer import filler_settings
from darkroom_ingestion.filling.messages import FillerState
from darkroom_ingestion.filling.passing import Passing
from darkroom_ingestion.kafka.client_logs import KAFKA_LOGGER
from darkroom_ingestion.kafka.contact import Contact
from darkroom_ingestion.kafka.log_admin import LogAdmin
from darkroom_ingestion.kafka.log_record import LogRecord, TopicContents
from darkroom_ingestion.metrics import Metrics
from darkroom_ingestion.records.answers import ReceivedImage
from darkroom_ingestion.store.database import Database, StoreUnavailable
from darkroom_ingestion.store.writing.writes import Batch, Fenced, positions_at_assignment, write_batch

_BATCH_RECORDS = 1_000
_BATCH_S = 0.1
_POLL_RECORDS = 100
_REPORT_EVERY_S = 1.0
_FIRST_RETRY_S, _LAST_RETRY_S = 0.2, 10.0

log = structlog.get_logger("darkroom.ingestion.filler")


class Filler:
    """A thread with a consumer of all topics in `topics`.

    Args:
        admin: of the same Kafka. Knows the ids of topics, which tell that one was deleted and recreated.
    """

    def __init__(
        self,
        database: Database,
        connection: KafkaConnection,
        group: str,
        topics: Mapping[str, TopicContents],
        admin: LogAdmin,
        metrics: Metrics,
        tracing: Tracing | None = None,
    ) -> None:
        self._database, self._metrics, self._admin = database, metrics, admin
        self._settings = filler_settings(connection, group, static=database.single_replica)
        self._contact = Contact(connection)
        self._wanted = dict(topics)
        self._topics: dict[str, TopicContents] = {}
        self._batch = Batch()
        self._spans = None if tracing is None else AnswerSpans(tracing, group)
        self._next: dict[TopicPartition, int] = {}
        self._lags: dict[TopicPartition, int] = {}
        self._reached_end: set[TopicPartition] = set()
        self._passing = Passing()
        self._assigned = False
        self._report_at = 0.0
        self._store_problem: str | None = None
        self._kafka_problem: str | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="filler", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    @property
    def state(self) -> FillerState:
        """The current state."""
        return FillerState(
            assigned=self._assigned,
            caught_up=self._assigned and self._reached_end.issuperset(self._next.copy()),
            lag=sum(self._lags.copy().values()),
            store_problem=self._store_problem,
            kafka_problem=self._kafka_problem,
        )

    def read_topics(self, topics: Mapping[str, TopicContents]) -> None:
        """Read these topics from now on."""
        self._wanted = dict(topics)

    def receive(self, images: Sequence[ReceivedImage]) -> None:
        """Take images that HTTP processes have passed, so that they need not be read from Kafka."""
        self._passing.receive(images)

    def close(self, timeout_s: float) -> None:
        """Finish the current batch and leave the group."""
        self._stop.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        backoff = Backoff(_FIRST_RETRY_S, _LAST_RETRY_S)
        while not self._stop.is_set():
            started = time.monotonic()
            try:
                self._consume()
            except Exception as error:  # noqa: BLE001 - each is logged, an unexpected one with its traceback
                self._metrics.loop_failures.labels("filler").inc()
                if isinstance(error, Fenced):
                    log.info("another replica has taken over, joining again", reason=str(error))
                elif isinstance(error, StoreUnavailable):
                    self._store_failed(error)
                else:
                    self._kafka_problem = str(error)
                    # Expected, for example: this static member was fenced by its own retry while a broker failed.
                    expected = isinstance(error, KafkaException | KafkaUnreachable)
                    (log.warning if expected else log.exception)("replacing the failed consumer", reason=str(error))
                if time.monotonic() - started > _LAST_RETRY_S:
                    backoff.reset()
                self._stop.wait(backoff.next_s())

    def _consume(self) -> None:
        consumer = Consumer(self._contact.reported_by(self._settings), logger=KAFKA_LOGGER)
        try:
            self._topics, self._batch = {}, Batch()
            if self._spans is not None:
                self._spans.forget()
            while not self._stop.is_set():
                if self._wanted != self._topics:
                    self._subscribe(consumer)
                self._collect(consumer)
                self._take_passed(consumer)
                self._flush(consumer)
                self._contact.require(consumer)
        finally:
            self._assigned = False
            self._hold({})
            consumer.close()

    def _subscribe(self, consumer: Consumer) -> None:
        self._topics = dict(self._wanted)
        if not self._topics:
            consumer.unsubscribe()
            self._assigned = True
            return
        consumer.subscribe(sorted(self._topics), on_assign=self._on_assign, on_revoke=self._on_revoke)

    def _on_assign(self, consumer: Consumer, assigned: list[confluent_kafka.TopicPartition]) -> None:
        partitions = [TopicPartition(partition.topic, partition.partition) for partition in assigned]
        ids = self._admin.topic_ids(sorted({topic for topic, _ in partitions}))
        self._hold(positions_at_assignment(self._database, ids, partitions))
        self._reached_end = already_read(self._admin, self._next)
        positions = [confluent_kafka.TopicPartition(*at, offset) for at, offset in self._next.items()]
        consumer.assign(positions)
        # librdkafka keeps a partition paused when it is assigned again.
        consumer.resume(positions)
        self._assigned = True
        self._kafka_problem = None
        log.info("reading the log into the store", partitions=len(partitions))

    def _on_revoke(self, consumer: Consumer, _partitions: list[confluent_kafka.TopicPartition]) -> None:
        # Called by poll, possibly in the middle of a batch.
        self._flush(consumer)
        self._assigned = False
        self._hold({})
        consumer.unassign()

    def _hold(self, positions: Mapping[TopicPartition, int]) -> None:
        self._next, self._lags, self._reached_end = dict(positions), {}, set()
        self._passing.forget()

    def _flush(self, consumer: Consumer) -> None:
        """Write the current batch."""
        batch, self._batch = self._batch, Batch()
        if batch.moves:
            self._write(batch)
            self._report(consumer, batch)
        # Only now are the records before the end in the store.
        self._reached_end |= batch.ended
        self._lags |= dict.fromkeys(batch.ended, 0)

    def _collect(self, consumer: Consumer) -> None:
        """Poll records for at most `_BATCH_S`. Only their rows are kept, not their values."""
        first = consumer.poll(self._passing.poll_s)
        messages = [] if first is None else [first]
        deadline = time.monotonic() + _BATCH_S
        while messages:
            for message in messages:
                self._take(self._batch, message)
            if self._batch.records >= _BATCH_RECORDS or time.monotonic() > deadline:
                break
            messages = consumer.consume(_POLL_RECORDS, 0)

    def _take(self, batch: Batch, message: Message) -> None:
        error = message.error()
        if error is not None and error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001 - it has no other name
            self._kafka_failed(error)
            return
        topic, partition, offset = message.topic(), message.partition(), message.offset()
        self._kafka_problem = None
        at = TopicPartition(topic or "", -1 if partition is None else partition)
        if at not in self._next or offset is None or self._passing.is_passed(at):
            return
        if error is not None:
            # The end of the partition may be after the last visible record (transaction markers, aborted records).
            batch.ended.add(at)
            if offset > self._next[at]:
                self._move(batch, at, offset)
            return
        self._add(batch, at, offset, message)
        batch.records += 1
        self._move(batch, at, offset + 1)

    def _take_passed(self, consumer: Consumer) -> None:
        batch = self._batch
        for at, images in self._passing.turn(consumer, self._next).items():
            for image in images:
                batch.rows.add_image(image)
            batch.records += len(images)
            batch.passed += len(images)
            batch.ended.add(at)
            self._move(batch, at, images[-1].offset + 1)

    def _add(self, batch: Batch, at: TopicPartition, offset: int, message: Message) -> None:
        """Add the rows of a record. An unreadable record is skipped, so that it can't stop the filler."""
        contents = self._topics[at.topic]
        try:
            record = LogRecord.of(message)
            batch.rows.add_record(contents, record)
        except Exception:
            batch.rows.skip(contents.role)
            log.exception("a record can't be read, skipped", **at._asdict(), offset=offset)
        else:
            if self._spans is not None:
                self._spans.read(contents, record)

    def _move(self, batch: Batch, partition: TopicPartition, end: int) -> None:
        batch.move(partition, self._next[partition], end)
        self._next[partition] = end

    def _write(self, batch: Batch) -> None:
        """Write the batch, with retries until the store works again. Consumption waits."""
        backoff = Backoff(_FIRST_RETRY_S, _LAST_RETRY_S)
        while True:
            try:
                duplicates = write_batch(self._database, batch)
            except StoreUnavailable as error:
                self._store_failed(error)
                if self._stop.wait(backoff.next_s()):
                    raise
            else:
                self._store_works()
                break
        if self._spans is not None:
            self._spans.written()
        self._metrics.store_duplicates.inc(duplicates)
        for table, rows in batch.rows.by_table.items():
            self._metrics.store_records.labels(table.name).inc(len(rows))
        for kind, count in batch.rows.skipped.items():
            self._metrics.store_skipped.labels(kind).inc(count)
        self._metrics.store_skipped.labels("refused").inc(batch.refused)
        self._metrics.store_passed.inc(batch.passed)

    def _report(self, consumer: Consumer, batch: Batch) -> None:
        """Commit the offsets to Kafka too, only for tools that show lag: the store resumes from its own positions."""
        if time.monotonic() < self._report_at and self._reached_end.issuperset(batch.moves):
            return
        self._report_at = time.monotonic() + _REPORT_EVERY_S
        for at, end in self._next.items():
            _, high = consumer.get_watermark_offsets(confluent_kafka.TopicPartition(*at), cached=True)
            self._lags[at] = max(0, high - end)
            # The cached end of a partition without records read may be outdated.
            if high == end and at in batch.moves:
                self._reached_end.add(at)
        offsets = [confluent_kafka.TopicPartition(*at, end) for at, end in self._next.items()]
        try:
            consumer.commit(offsets=offsets, asynchronous=True)
        except KafkaException as error:
            log.debug("offsets not committed to Kafka", reason=str(error))

    def _store_failed(self, error: StoreUnavailable) -> None:
        if self._store_problem is None:
            log.error("the store can't be written, consumption waits", reason=str(error))
        self._store_problem = str(error)
        self._metrics.store_failures.inc()

    def _store_works(self) -> None:
        if self._store_problem is not None:
            log.info("the store can be written again")
        self._store_problem = None

    def _kafka_failed(self, error: KafkaError) -> None:
        if is_fatal(error):
            raise KafkaException(error)
        if self._kafka_problem is None:
            log.warning("Kafka can't be read at the moment", reason=error.str())
        self._kafka_problem = error.str()
