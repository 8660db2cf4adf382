"""The lag of many groups, in one query of a real broker."""

from uuid import uuid4

import confluent_kafka
import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from darkroom.kafka.lag import PartitionOffsets
from darkroom.kafka.lag_query import GroupLog, query_lag
from tests.support.kafka import SharedKafka

TIMEOUT_S = 20.0


@pytest.fixture
def admin(kafka: SharedKafka) -> AdminClient:
    return AdminClient({"bootstrap.servers": kafka.bootstrap_servers})


def _topic(kafka: SharedKafka, admin: AdminClient, records: int, deleted: int = 0) -> str:
    """A topic with two partitions: `records` in the first, of which the first `deleted` are gone."""
    name = f"t.{uuid4().hex}.images"
    admin.create_topics([NewTopic(name, num_partitions=2, replication_factor=1)])[name].result(TIMEOUT_S)
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers})
    for _ in range(records):
        producer.produce(name, b"image", partition=0)
    assert producer.flush(TIMEOUT_S) == 0
    if deleted:
        (future,) = admin.delete_records([confluent_kafka.TopicPartition(name, 0, deleted)]).values()
        future.result(TIMEOUT_S)
    return name


def _commit(kafka: SharedKafka, group: str, topic: str, offset: int) -> None:
    consumer = Consumer({"bootstrap.servers": kafka.bootstrap_servers, "group.id": group})
    consumer.commit(offsets=[confluent_kafka.TopicPartition(topic, 0, offset)], asynchronous=False)
    consumer.close()


def test_every_group_has_its_own_offsets_of_its_own_topic(kafka: SharedKafka, admin: AdminClient) -> None:
    one, two = _topic(kafka, admin, records=5, deleted=2), _topic(kafka, admin, records=3)
    behind, done, new = (f"g.{uuid4().hex}" for _ in range(3))
    _commit(kafka, behind, one, 1)
    _commit(kafka, done, two, 3)
    groups = {behind: GroupLog(one, 2), new: GroupLog(one, 2), done: GroupLog(two, 2)}

    found = query_lag(admin, groups, TIMEOUT_S)

    assert found[behind].partitions == (PartitionOffsets(5, 2, 1), PartitionOffsets(0, 0, None))
    assert found[new].partitions == (PartitionOffsets(5, 2, None), PartitionOffsets(0, 0, None))
    assert found[done].partitions == (PartitionOffsets(3, 0, 3), PartitionOffsets(0, 0, None))
    lags = {group: sum(one.lag for one in offsets.partitions if one) for group, offsets in found.items()}
    assert lags == {behind: 3, new: 3, done: 0}
    assert {offsets.problem for offsets in found.values()} == {""}


def test_a_partition_or_a_topic_that_does_not_exist_is_unknown_and_disturbs_no_other(
    kafka: SharedKafka, admin: AdminClient
) -> None:
    topic = _topic(kafka, admin, records=1)
    found = query_lag(admin, {"grown": GroupLog(topic, 3), "gone": GroupLog(f"t.{uuid4().hex}", 1)}, TIMEOUT_S)
    assert found["grown"].partitions == (PartitionOffsets(1, 0, None), PartitionOffsets(0, 0, None), None)
    assert found["gone"].partitions == (None,)
    assert "nknown" in found["grown"].problem
    assert "nknown" in found["gone"].problem


def test_without_a_broker_everything_is_unknown_in_time() -> None:
    away = AdminClient({"bootstrap.servers": "127.0.0.1:9", "log_level": 0})
    found = query_lag(away, {"g": GroupLog("t", 2)}, 0.3)
    assert found["g"].partitions == (None, None)
    assert "Kafka can't be reached" in found["g"].problem


def test_no_groups_are_no_query(admin: AdminClient) -> None:
    assert query_lag(admin, {}, TIMEOUT_S) == {}
