"""LocalKafka: a real broker from nothing."""

import os
from collections.abc import Callable

from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic
from tests.support.kafka import SharedKafka

from darkroom_cli.local_kafka import LocalKafka

MIB = 2**20


def make_topic(bootstrap_servers: str, name: str, config: dict[str, str] | None = None) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap_servers})
    admin.create_topics([NewTopic(name, num_partitions=1, replication_factor=1, config=config or {})])[name].result(30)


def produce(bootstrap_servers: str, topic: str, value: bytes) -> None:
    """Returns when the broker has acknowledged; raises when it refuses."""
    errors: list[object] = []
    settings = {"bootstrap.servers": bootstrap_servers, "message.max.bytes": 64 * MIB, "delivery.timeout.ms": 30_000}
    producer = Producer(settings)
    producer.produce(topic, value, on_delivery=lambda error, _message: errors.append(error))
    producer.flush(30)
    assert errors == [None]


def read_one(bootstrap_servers: str, topic: str) -> bytes:
    consumer = Consumer(
        {"bootstrap.servers": bootstrap_servers, "group.id": f"{topic}-readers", "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([topic])
    try:
        message = consumer.poll(30)
    finally:
        consumer.close()
    assert message is not None
    assert message.error() is None
    value = message.value()
    assert value is not None
    return value


def test_a_topic_with_a_higher_limit_takes_a_record_of_10_mib_under_the_default_broker_limit(
    kafka: SharedKafka,
) -> None:
    make_topic(kafka.bootstrap_servers, "large-records", {"max.message.bytes": str(12 * MIB)})
    value = os.urandom(10 * MIB)
    produce(kafka.bootstrap_servers, "large-records", value)
    assert read_one(kafka.bootstrap_servers, "large-records") == value


def test_data_and_port_are_kept_across_a_restart(fresh_kafka: Callable[..., LocalKafka]) -> None:
    kafka = fresh_kafka()
    before = kafka.bootstrap_servers
    make_topic(before, "kept")
    produce(before, "kept", b"still here")
    kafka.stop()
    kafka.start()
    assert kafka.bootstrap_servers == before
    assert read_one(before, "kept") == b"still here"
