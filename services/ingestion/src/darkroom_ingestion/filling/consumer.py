"""Settings of the consumer that fills the store."""

from typing import Final

from darkroom.kafka.connection import ClientSettings, KafkaConnection, consumer_settings

_SESSION_TIMEOUT_MS: Final = 10_000
_PREFETCH_KIB: Final = 32 * 1024
_FETCH_BYTES: Final = 64 * 1024


def filler_settings(connection: KafkaConnection, group: str, *, static: bool) -> ClientSettings:
    """The librdkafka settings of a filler.

    Args:
        connection: the Kafka cluster.
        group: the consumer group.
        static: whether it is the only replica, and so a static member.
    """
    settings = consumer_settings(connection, "darkroom-ingestion-store", group=group, max_message_bytes=0) | {
        "enable.partition.eof": True,
        # The broker collects records for that long, or until there are so many: a response for each record cost it and
        # the filler most of their CPU time. The filler writes a batch every 100 ms.
        "fetch.wait.max.ms": 100,
        "fetch.min.bytes": _FETCH_BYTES,
        # Only the headers of images are needed, so prefetch little.
        "queued.max.messages.kbytes": _PREFETCH_KIB,
        "session.timeout.ms": _SESSION_TIMEOUT_MS,
        "heartbeat.interval.ms": _SESSION_TIMEOUT_MS // 4,
        # The member must stay in the group even if the store can't be written for a day.
        "max.poll.interval.ms": 86_400_000,
        "topic.metadata.refresh.interval.ms": 10_000,
    }
    if static:
        # After a crash, the only replica gets its partitions back immediately.
        settings["group.instance.id"] = "replica"
    return settings
