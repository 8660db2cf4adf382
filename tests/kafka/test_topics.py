"""Topics through the Admin API of a real broker."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

from darkroom.api.validation import parse_pipeline
from darkroom.kafka.errors import KafkaUnreachable
from darkroom.kafka.topics import broker_count, delete_topics, describe_topics, ensure_topics
from darkroom.topology import Topic, topology, with_at_most_replicas
from tests.support.kafka import SharedKafka
from tests.support.manifests import pipeline_manifest
from tests.support.until import until


@pytest.fixture
def admin(kafka: SharedKafka) -> AdminClient:
    return AdminClient({"bootstrap.servers": kafka.bootstrap_servers})


@pytest.fixture
def topic() -> Topic:
    return Topic(f"t.{uuid4().hex}.images", "images", partitions=3, replicas=1, config={"retention.ms": "3600000"})


def partitions(admin: AdminClient, name: str) -> int:
    metadata = admin.list_topics(name, timeout=10).topics[name]
    return 0 if metadata.error else len(metadata.partitions)


def config(admin: AdminClient, name: str, key: str) -> str:
    (future,) = admin.describe_configs([ConfigResource(ResourceType.TOPIC, name)]).values()
    return str(future.result(10)[key].value)


def test_the_topics_of_a_pipeline_have_the_manifests_settings(admin: AdminClient) -> None:
    manifest = pipeline_manifest(
        namespace=f"n{uuid4().hex[:8]}",
        images={"partitions": 7, "retention": "2h", "maxBytes": "2Mi", "config": {"segment.bytes": 16_777_216}},
    )
    plan = with_at_most_replicas(topology(parse_pipeline(manifest)), broker_count(admin))
    changes = ensure_topics(admin, plan.topics)
    assert set(changes.created) == {topic.name for topic in plan.topics}
    assert changes.refused == {}
    until(lambda: partitions(admin, plan.images.name) == 7, "seven partitions", 10)
    assert config(admin, plan.images.name, "retention.ms") == "7200000"
    assert config(admin, plan.images.name, "segment.bytes") == "16777216"
    assert int(config(admin, plan.images.name, "max.message.bytes")) > 2 * 1024 * 1024
    assert config(admin, plan.stages[0].dead_letters.name, "retention.ms") == str(720 * 3_600_000)


def test_topics_in_their_desired_state_are_not_changed(admin: AdminClient, topic: Topic) -> None:
    ensure_topics(admin, [topic])
    until(lambda: partitions(admin, topic.name) == 3, "the topic", 10)
    again = ensure_topics(admin, [topic])
    assert (again.created, again.grown, again.configured, again.refused) == ((), (), (), {})


def test_partitions_grow_and_never_shrink(admin: AdminClient, topic: Topic) -> None:
    ensure_topics(admin, [topic])
    until(lambda: partitions(admin, topic.name) == 3, "the topic", 10)
    assert ensure_topics(admin, [replace(topic, partitions=5)]).grown == (topic.name,)
    until(lambda: partitions(admin, topic.name) == 5, "five partitions", 10)
    shrunk = ensure_topics(admin, [topic])
    assert "can't be reduced to 3" in shrunk.refused[topic.name]
    assert partitions(admin, topic.name) == 5


def test_configuration_follows_the_description_both_ways(admin: AdminClient, topic: Topic) -> None:
    ensure_topics(admin, [replace(topic, config={"retention.ms": "3600000", "segment.ms": "60000"})])
    until(lambda: partitions(admin, topic.name) == 3, "the topic", 10)
    changes = ensure_topics(admin, [replace(topic, config={"retention.ms": "7200000"})])
    assert changes.configured == (topic.name,)
    until(lambda: config(admin, topic.name, "retention.ms") == "7200000", "the new retention", 10)
    until(lambda: config(admin, topic.name, "segment.ms") != "60000", "the broker's own segment.ms", 10)


def test_a_refused_topic_has_kafkas_reason_and_does_not_affect_others(admin: AdminClient, topic: Topic) -> None:
    bad = replace(topic, name=f"{topic.name}.bad", config={"no.such.thing": "1"})
    wide = replace(topic, name=f"{topic.name}.wide", replicas=9)
    changes = ensure_topics(admin, [bad, topic, wide])
    assert changes.created == (topic.name,)
    assert "no.such.thing" in changes.refused[bad.name]
    assert "replica" in changes.refused[wide.name].lower()


def test_deleting_is_safe_to_repeat(admin: AdminClient, topic: Topic) -> None:
    ensure_topics(admin, [topic])
    until(lambda: describe_topics(admin, [topic.name]), "the topic", 10)
    assert delete_topics(admin, [topic.name]) == {}
    until(lambda: not describe_topics(admin, [topic.name]), "its end", 10)
    assert delete_topics(admin, [topic.name]) == {}


def test_a_topic_that_is_deleted_during_the_query_does_not_exist(kafka: SharedKafka, topic: Topic) -> None:
    class Late(AdminClient):
        """Returns the list after the topic has been deleted."""

        def list_topics(self, *arguments: Any, **options: Any) -> Any:
            listed = super().list_topics(*arguments, **options)
            delete_topics(self, [topic.name])
            until(lambda: topic.name not in super(Late, self).list_topics(timeout=10).topics, "its end", 10)
            return listed

    late = Late({"bootstrap.servers": kafka.bootstrap_servers})
    ensure_topics(AdminClient({"bootstrap.servers": kafka.bootstrap_servers}), [topic])
    assert describe_topics(late, [topic.name]) == {}


def test_no_broker_is_a_clear_error() -> None:
    nobody = AdminClient({"bootstrap.servers": "127.0.0.1:1", "log_level": 0})
    with pytest.raises(KafkaUnreachable, match="can't be reached"):
        broker_count(nobody, timeout_s=1.0)
