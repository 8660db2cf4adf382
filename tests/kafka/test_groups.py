"""Consumer groups, read from a real broker by a client that is not a member."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from confluent_kafka import Consumer
from confluent_kafka.admin import AdminClient, NewTopic

from darkroom.kafka.errors import KafkaUnreachable
from darkroom.kafka.groups import GroupView, describe_groups, offsets_of_groups
from darkroom.kafka.log import TopicPartition
from darkroom_cli.local_kafka import LocalKafka
from tests.support.kafka import SharedKafka
from tests.support.until import until

TIMEOUT_S = 20.0


@pytest.fixture
def admin(kafka: SharedKafka) -> AdminClient:
    return AdminClient({"bootstrap.servers": kafka.bootstrap_servers})


@pytest.fixture
def topic(admin: AdminClient) -> str:
    """A topic with two partitions, without records."""
    name = f"t.{uuid4().hex}.images"
    admin.create_topics([NewTopic(name, num_partitions=2, replication_factor=1)])[name].result(TIMEOUT_S)
    return name


@pytest.fixture(params=["classic", "consumer"])
def member(request: pytest.FixtureRequest, kafka: SharedKafka, topic: str) -> Iterator[tuple[Consumer, str]]:
    """A member of a group that reads the topic, and the group, in both of Kafka's protocols."""
    group = f"g.{uuid4().hex}"
    consumer = Consumer(
        {
            "bootstrap.servers": kafka.bootstrap_servers,
            "client.id": "pod-a-0123456789ab-0",
            "group.id": group,
            "group.protocol": request.param,
        }
    )
    consumer.subscribe([topic])
    yield consumer, group
    consumer.close()


def test_a_group_has_its_members_with_their_partitions(
    admin: AdminClient, topic: str, member: tuple[Consumer, str]
) -> None:
    consumer, group = member

    def stable() -> GroupView | None:
        consumer.poll(0.1)
        try:
            seen = describe_groups(admin, [group], TIMEOUT_S)[group]
        except KafkaUnreachable:  # a new broker has no coordinators yet
            return None
        return seen if seen.state == "Stable" and any(one.partitions for one in seen.members) else None

    (found,) = until(stable, "the group is stable").members
    assert found.client_id == "pod-a-0123456789ab-0"
    assert found.host == "127.0.0.1"
    assert found.partitions == {TopicPartition(topic, 0), TopicPartition(topic, 1)}


def test_a_group_that_does_not_exist_is_dead_and_has_committed_nothing(admin: AdminClient, topic: str) -> None:
    partitions = [TopicPartition(topic, 0), TopicPartition(topic, 1)]
    assert describe_groups(admin, ["nobody"], TIMEOUT_S) == {"nobody": GroupView("Dead")}
    assert offsets_of_groups(admin, {"nobody": partitions}, TIMEOUT_S) == {"nobody": dict.fromkeys(partitions)}
    assert describe_groups(admin, [], TIMEOUT_S) == offsets_of_groups(admin, {}, TIMEOUT_S) == {}


def test_offsets_of_a_new_kafka_are_none_and_end_no_process(fresh_kafka: Callable[..., LocalKafka]) -> None:
    """With librdkafka 2.16.0, NOT_COORDINATOR ends the process: the answer of a broker without a topic of offsets."""
    new = AdminClient({"bootstrap.servers": fresh_kafka().bootstrap_servers})
    partition = TopicPartition("images", 0)
    assert offsets_of_groups(new, {"nobody": [partition]}, TIMEOUT_S) == {"nobody": {partition: None}}


def test_without_a_broker_it_is_said_that_kafka_does_not_respond() -> None:
    away = AdminClient({"bootstrap.servers": "127.0.0.1:9", "log_level": 0})
    with pytest.raises(KafkaUnreachable, match="consumer group g can't be read"):
        describe_groups(away, ["g"], 0.3)
