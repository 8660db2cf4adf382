"""Reading single records of the log by offset."""

import asyncio
import queue
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from darkroom.kafka.connection import ClientSettings, KafkaConnection, consumer_settings
from darkroom.kafka.errors import KafkaUnreachable
from darkroom_ingestion.kafka.client_logs import KAFKA_LOGGER
from darkroom_ingestion.kafka.connection_errors import ConnectionErrors
from darkroom_ingestion.kafka.log_record import LogRecord

_CONSUMERS = 4
_TIMEOUT_S = 10.0
_AWAY_TIMEOUT_S = 1.0
"""While no broker accepts a connection: whoever waits for the record should soon learn that Kafka is away."""
_POLL_S = 0.2
_FETCH_BYTES = 64 * 1024
_GONE = {KafkaError._AUTO_OFFSET_RESET, KafkaError._PARTITION_EOF, KafkaError.OFFSET_OUT_OF_RANGE}  # noqa: SLF001
_MISSING = {KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_PARTITION}  # noqa: SLF001


class RecordReader:
    """A few consumers without a group, which read one record at a time."""

    def __init__(self, connection: KafkaConnection) -> None:
        self._settings = consumer_settings(
            connection, "darkroom-ingestion-reader", group="darkroom.ingestion.reader", max_message_bytes=0
        ) | {
            # Report an offset that retention has removed instead of reading from another one.
            "auto.offset.reset": "error",
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 50,
            # The broker sends at least one record, even a larger one; more are not needed.
            "fetch.message.max.bytes": _FETCH_BYTES,
            "queued.min.messages": 1,
            # A partition of which a record was fetched is not fetched from for this long, 1 s by default, even if the
            # next record to read is another one.
            "fetch.queue.backoff.ms": 1,
            "queued.max.messages.kbytes": 1024,
        }
        self._idle: queue.SimpleQueue[_Client] = queue.SimpleQueue()
        self._threads = ThreadPoolExecutor(_CONSUMERS, thread_name_prefix="record-reader")

    async def read(self, topic: str, partition: int, offset: int) -> LogRecord | None:
        """The record at `offset`; None if the log no longer has it.

        Raises:
            KafkaUnreachable: no broker answered in time.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._read, TopicPartition(topic, partition, offset))

    def close(self) -> None:
        """Close the consumers."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        while not self._idle.empty():
            self._idle.get().close()

    def _read(self, at: TopicPartition) -> LogRecord | None:
        client = self._client()
        try:
            record = client.read(at)
        except (KafkaException, KafkaUnreachable) as error:
            # The consumer may have lost all brokers permanently.
            client.close()
            if isinstance(error, KafkaException):
                raise KafkaUnreachable(f"the log can't be read: {error.args[0].str()}") from error
            raise
        self._idle.put(client)
        return record

    def _client(self) -> "_Client":
        """A client that is idle, or a new one. A client that has lost all brokers would connect only after a while."""
        with suppress(queue.Empty):
            while True:
                client = self._idle.get_nowait()
                if client.is_connected():
                    return client
                client.close()
        return _Client(self._settings)


class _Client:
    """A consumer, and the errors of its connections."""

    def __init__(self, settings: ClientSettings) -> None:
        self._errors = ConnectionErrors()
        self._consumer = Consumer(settings | {"error_cb": self._errors.on_error}, logger=KAFKA_LOGGER)

    def is_connected(self) -> bool:
        """Whether it has not lost all brokers since the last read."""
        self._consumer.poll(0)
        return not self._errors.all_brokers_down

    def read(self, at: TopicPartition) -> LogRecord | None:
        """The record at an offset; None if the log no longer has it.

        Raises:
            KafkaUnreachable: no broker answered in time.
            KafkaException: the consumer can't read.
        """
        self._consumer.assign([at])
        record = self._poll_until(at.offset, time.monotonic() + _TIMEOUT_S)
        self._consumer.unassign()
        # On the way to a broker, one of several addresses of its host may have failed.
        self._errors.all_brokers_down = False
        return record

    def close(self) -> None:
        """Close the consumer."""
        self._consumer.close()

    def _poll_until(self, offset: int, deadline: float) -> LogRecord | None:
        reason = "no response in time"
        is_away = False
        while time.monotonic() < deadline:
            message = self._consumer.poll(_POLL_S)
            if self._errors.all_brokers_down and not is_away:
                is_away, deadline = True, min(deadline, time.monotonic() + _AWAY_TIMEOUT_S)
            if message is None:
                continue
            error = message.error()
            if error is not None:
                if error.code() in _GONE | _MISSING:
                    return None
                reason = error.str()
                continue
            return LogRecord.of(message) if message.offset() == offset else None
        raise KafkaUnreachable(f"the log can't be read: {(is_away and self._errors.reason) or reason}")
