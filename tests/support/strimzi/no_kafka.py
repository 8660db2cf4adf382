"""Topics and users in memory, for benchmarks of the API server only.

A broker takes minutes to create the files of 25,000 topics, which is irrelevant for an operator. Tests that concern
Kafka use a real one.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import replace

from confluent_kafka import KafkaError
from confluent_kafka.admin import AclBinding, NewTopic

from tests.support.strimzi.topics.kafka_topics import Topic


class NoKafkaTopics:
    """Like `KafkaTopics`, with one partition and one replica by default and without checks of the configuration."""

    def __init__(self) -> None:
        self._topics: dict[str, Topic] = {}

    def describe(self, names: Iterable[str]) -> dict[str, Topic | KafkaError | None]:
        return {name: self._topics.get(name) for name in names}

    def create(self, wanted: Iterable[NewTopic]) -> dict[str, str | KafkaError]:
        ids: dict[str, str | KafkaError] = {}
        for topic in wanted:
            replicas = (max(topic.replication_factor, 1),) * max(topic.num_partitions, 1)
            config = dict(topic.config or {})
            made = self._topics[topic.topic] = Topic(uuid.uuid4().hex[:22], replicas, config, frozenset(config))
            ids[topic.topic] = made.topic_id
        return ids

    def grow(self, wanted: Mapping[str, int]) -> dict[str, KafkaError]:
        for name, count in wanted.items():
            self._topics[name] = replace(self._topics[name], replicas=self._topics[name].replicas[:1] * count)
        return {}

    def configure(self, changes: Mapping[str, Mapping[str, str | None]]) -> dict[str, KafkaError]:
        for name, change in changes.items():
            merged = {**self._topics[name].config, **change}
            config = {key: value for key, value in merged.items() if value is not None}
            self._topics[name] = replace(self._topics[name], config=config, own_config=frozenset(config))
        return {}

    def delete(self, names: Iterable[str]) -> dict[str, KafkaError]:
        for name in names:
            self._topics.pop(name, None)
        return {}


class NoKafkaUsers:
    """Like `KafkaUsers`, without storing anything."""

    def set_password(self, username: str, password: str) -> None:
        pass

    def remove_password(self, username: str) -> None:
        pass

    def set_acls(self, username: str, wanted: set[AclBinding]) -> None:
        pass
