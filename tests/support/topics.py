"""Access to the topics of a real broker."""

from collections.abc import Iterator

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from darkroom.kafka.topics import ExistingTopic, describe_topics

TIMEOUT_S = 20.0


def topics(bootstrap_servers: str, *names: str) -> dict[str, ExistingTopic]:
    """The topics among `names` that exist."""
    return describe_topics(AdminClient({"bootstrap.servers": bootstrap_servers}), names)


def write(bootstrap_servers: str, topic: str, value: bytes) -> None:
    """Produce one record to partition 0, and wait until it is acknowledged."""
    producer = Producer({"bootstrap.servers": bootstrap_servers, "acks": "all"})
    producer.produce(topic, value, partition=0)
    assert producer.flush(TIMEOUT_S) == 0


def read(bootstrap_servers: str, topic: str) -> list[bytes]:
    """The values of all records in partition 0."""
    return list(_records(bootstrap_servers, topic))


def _records(bootstrap_servers: str, topic: str) -> Iterator[bytes]:
    consumer = Consumer({"bootstrap.servers": bootstrap_servers, "group.id": "reader", "enable.auto.commit": False})
    try:
        first, end = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=TIMEOUT_S)
        consumer.assign([TopicPartition(topic, 0, first)])
        for _ in range(first, end):
            record = consumer.poll(TIMEOUT_S)
            assert record is not None, f"no record from {topic}"
            yield record.value() or b""
    finally:
        consumer.close()
