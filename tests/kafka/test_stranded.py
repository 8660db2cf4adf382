"""A client that has lost all brokers is distinguished from an unavailable Kafka."""

import pytest
from confluent_kafka import KafkaError, Producer
from confluent_kafka.admin import AdminClient

from darkroom.kafka.stranded import StrandedCheck
from tests.support.clock import Clock
from tests.support.kafka import SharedKafka

NOBODY = {"bootstrap.servers": "127.0.0.1:1", "log_level": 0}


@pytest.mark.parametrize(("client_answered", "kafka_answers"), [(True, True), (False, True), (False, False)])
def test_a_client_is_stranded_if_only_a_new_one_is_answered(
    kafka: SharedKafka, *, client_answered: bool, kafka_answers: bool
) -> None:
    there = {"bootstrap.servers": kafka.bootstrap_servers}
    clock = Clock()
    client = Producer(there if client_answered else NOBODY)
    check = StrandedCheck(there if kafka_answers else NOBODY, clock)
    check.on_error(KafkaError(KafkaError._ALL_BROKERS_DOWN))
    assert check.is_suspected

    clock.now = 20
    assert not check.is_stranded(client), "Kafka may just have come back"
    clock.now = 40
    assert check.is_stranded(client) is (kafka_answers and not client_answered)

    assert check.is_suspected is not client_answered


def test_a_client_is_checked_only_now_and_then(kafka: SharedKafka) -> None:
    clock = Clock()
    client = AdminClient(NOBODY)
    check = StrandedCheck({"bootstrap.servers": kafka.bootstrap_servers}, clock)

    found = []
    for clock.now in (0, 16, 30, 32, 46, 48, 120, 136):
        found.append(check.is_stranded(client))

    assert found == [False, False, False, True, False, True, False, True]
