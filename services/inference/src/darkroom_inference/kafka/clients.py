"""The Kafka clients of one loop: one consumer, one producer."""

from collections.abc import Callable
from typing import Any

from confluent_kafka import Consumer, KafkaError, Producer

from darkroom.kafka.client_logger import client_logger
from darkroom.kafka.connection import ClientSettings, consumer_settings, producer_settings
from darkroom.stage_settings import StageSettings
from darkroom.topology import DEAD_LETTER_ROOM_BYTES, HEADER_ROOM_BYTES
from darkroom_inference.lifecycle.options import GroupProtocol

TRANSACTION_TIMEOUT_MS = 10_000
"""A transaction spans only publishing, never inference. One that a worker left open blocks readers for this long."""

_PREFETCH_RECORDS = 256
_PREFETCH_KIB = 16_384
_LONGEST_POLL_GAP_MS = 3_600_000
_SOCKET_TIMEOUT_MS = TRANSACTION_TIMEOUT_MS

ErrorListener = Callable[[KafkaError], None]
StatisticsListener = Callable[[str], None]


def consumer(
    settings: StageSettings,
    client_id: str,
    protocol: GroupProtocol,
    on_error: ErrorListener,
    on_statistics: StatisticsListener,
) -> Consumer:
    """A consumer of the images topic; it is not subscribed yet."""
    most_bytes = settings.max_image_bytes + HEADER_ROOM_BYTES
    base = consumer_settings(settings.kafka, client_id, group=settings.consumer_group, max_message_bytes=most_bytes)
    return Consumer(
        {
            **base,
            **_prefetch(most_bytes),
            **_membership(protocol),
            # The last offsets of a range may hold no record: only the end-of-partition event shows that it is complete.
            "enable.partition.eof": settings.replay is not None,
            "error_cb": on_error,
            "stats_cb": on_statistics,
        },
        logger=client_logger("librdkafka.consumer"),
    )


def producer(
    settings: StageSettings, client_id: str, transactional_id: str | None, on_error: ErrorListener
) -> Producer:
    """A producer for results and dead letters; with `transactional_id` its transactions are not initialised yet."""
    dead_letter_bytes = settings.max_image_bytes + DEAD_LETTER_ROOM_BYTES
    own: dict[str, Any] = producer_settings(
        settings.kafka,
        client_id,
        # The topic may accept larger images than the pipeline: their dead letters must be publishable.
        max_message_bytes=2 * dead_letter_bytes,
    )
    own |= {
        "socket.timeout.ms": _SOCKET_TIMEOUT_MS,
        # If a batch exceeds the topic's limit, the broker refuses all of it, including small results.
        "batch.size": settings.max_result_bytes,
        "queue.buffering.max.kbytes": max(65_536, 4 * dead_letter_bytes // 1024),
        "error_cb": on_error,
        # Otherwise the client copies each acknowledged record into an object for its callback.
        "delivery.report.only.error": True,
    }
    if transactional_id is None:
        own["message.timeout.ms"] = 0  # wait for an unavailable broker without a limit
    else:
        own |= {"transactional.id": transactional_id, "transaction.timeout.ms": TRANSACTION_TIMEOUT_MS}
    return Producer(own, logger=client_logger("librdkafka.producer"))


def _prefetch(most_bytes: int) -> ClientSettings:
    return {
        "queued.min.messages": _PREFETCH_RECORDS,
        "queued.max.messages.kbytes": max(_PREFETCH_KIB, 2 * most_bytes // 1024),
        # With the default, a loop that has emptied its queue waits up to a second for the next fetch.
        "fetch.queue.backoff.ms": 20,
        "socket.timeout.ms": _SOCKET_TIMEOUT_MS,
        "statistics.interval.ms": 2_000,
    }


def _membership(protocol: GroupProtocol) -> ClientSettings:
    """Settings of the loop's group membership.

    A thread of the client sends the heartbeats, so a long inference does not end the membership; only
    `max.poll.interval.ms` could. Its purpose is to detect a consumer that hangs. The watchdog does that better, because
    it knows the image, so the limit is set very high. Batches are short enough not to delay a rebalance.
    """
    if protocol == "consumer":
        return {"group.protocol": "consumer", "max.poll.interval.ms": _LONGEST_POLL_GAP_MS}
    return {
        "group.protocol": "classic",
        "max.poll.interval.ms": _LONGEST_POLL_GAP_MS,
        "partition.assignment.strategy": "cooperative-sticky",
        "session.timeout.ms": 10_000,
        "heartbeat.interval.ms": 2_000,
    }
