"""Reading single records of the log by offset."""

import asyncio
import queue
import time
from concurrent.futures import ThreadPoolExecutor

import confluent_kafka
from confluent_kafka import Consumer, KafkaError, KafkaException

from darkroom.kafka.connection import KafkaConnection, consumer_settings
from darkroom.kafka.errors import KafkaUnreachable
from darkroom_ingestion.kafka.client_logs import KAFKA_LOGGER
from darkroom_ingestion.kafka.log_record import LogRecord

_CONSUMERS = 4
_TIMEOUT_S = 10.0
_POLL_S = 0.2
_FETCH_BYTES = 64 * 1024


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
            "queued.max.messages.kbytes": 1024,
        }
        self._idle: queue.SimpleQueue[Consumer] = queue.SimpleQueue()
        self._threads = ThreadPoolExecutor(_CONSUMERS, thread_name_prefix="record-reader")

    async def read(self, topic: str, partition: int, offset: int) -> LogRecord | None:
        """The record at `offset`; None if the log no longer has it.

        Raises:
            KafkaUnreachable: no broker answered in time.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._threads, self._read, confluent_kafka.TopicPartition(topic, partition, offset)
        )

    def close(self) -> None:
        """Close the consumers."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        while not self._idle.empty():
            self._idle.get().close()

    def _read(self, at: confluent_kafka.TopicPartition) -> LogRecord | None:
        try:
            consumer = self._idle.get_nowait()
        except queue.Empty:
            consumer = Consumer(self._settings, logger=KAFKA_LOGGER)
        try:
            consumer.assign([at])
            record = _poll_until(consumer, at.offset, time.monotonic() + _TIMEOUT_S)
            consumer.unassign()
        except KafkaException as error:
            consumer.close()
            raise KafkaUnreachable(f"the log can't be read: {error.args[0].str()}") from error
        except KafkaUnreachable:
            # The consumer may have lost all brokers permanently.
            consumer.close()
            raise
        self._idle.put(consumer)
        return record


def _poll_until(consumer: Consumer, offset: int, deadline: float) -> LogRecord | None:
    gone = {KafkaError._AUTO_OFFSET_RESET, KafkaError._PARTITION_EOF, KafkaError.OFFSET_OUT_OF_RANGE}  # noqa: SLF001
    missing = {KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_PARTITION}  # noqa: SLF001
    reason = "no response in time"
    while time.monotonic() < deadline:
        message = consumer.poll(_POLL_S)
        if message is None:
            continue
        error = message.error()
        if error is not None:
            if error.code() in gone | missing:
                return None
            reason = error.str()
            continue
        return LogRecord.of(message) if message.offset() == offset else None
    raise KafkaUnreachable(f"the log can't be read: {reason}")
