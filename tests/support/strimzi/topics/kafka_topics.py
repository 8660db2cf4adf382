"""The topics of a Kafka cluster, through the Admin API, many at a time."""

import time
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ConfigSource,
    NewPartitions,
    NewTopic,
    TopicDescription,
)

from tests.support.strimzi.kafka_errors import kafka_error

VISIBLE_TIMEOUT_S = 10.0
POLL_S = 0.1

T = TypeVar("T")


@dataclass(frozen=True)
class Topic:
    """A topic as it is. `config` is what is in effect, `own_config` the keys of it that are set for this topic."""

    topic_id: str
    replicas: tuple[int, ...]
    config: Mapping[str, str]
    own_config: frozenset[str]

    @property
    def partitions(self) -> int:
        return len(self.replicas)


class KafkaTopics:
    """Every method takes many topics, and returns a result or an error for each.

    librdkafka refuses empty requests, so none are sent.
    """

    def __init__(self, admin: AdminClient, timeout_s: float) -> None:
        self._admin = admin
        self._timeout_s = timeout_s

    def describe(self, names: Iterable[str]) -> dict[str, Topic | KafkaError | None]:
        """The topics; None for one that does not exist."""
        found = self._descriptions(list(names))
        configs = self._configs([name for name, answer in found.items() if not isinstance(answer, KafkaError)])
        topics: dict[str, Topic | KafkaError | None] = {}
        for name, answer in found.items():
            if isinstance(answer, KafkaError):
                topics[name] = None if answer.code() == KafkaError.UNKNOWN_TOPIC_OR_PART else answer
            else:
                entries = configs[name]
                topics[name] = entries if isinstance(entries, KafkaError) else _topic(answer, entries)
        return topics

    def create(self, wanted: Iterable[NewTopic]) -> dict[str, str | KafkaError]:
        """Create topics. Returns their ids, also of topics that exist by now."""
        new = list(wanted)
        if not new:
            return {}
        wrong = _errors(_answers(self._admin.create_topics(new, request_timeout=self._timeout_s)))
        refused = {name: error for name, error in wrong.items() if error.code() != KafkaError.TOPIC_ALREADY_EXISTS}
        return {**refused, **self._ids([topic.topic for topic in new if topic.topic not in refused])}

    def grow(self, wanted: Mapping[str, int]) -> dict[str, KafkaError]:
        """Add partitions to topics. Returns the errors by topic."""
        if not wanted:
            return {}
        new = [NewPartitions(name, count) for name, count in wanted.items()]
        return _errors(_answers(self._admin.create_partitions(new, request_timeout=self._timeout_s)))

    def configure(self, changes: Mapping[str, Mapping[str, str | None]]) -> dict[str, KafkaError]:
        """Set keys of topics, or reset them to the default with None. Returns the errors by topic."""
        if not changes:
            return {}
        alterations = [_alteration(name, change) for name, change in changes.items()]
        futures = self._admin.incremental_alter_configs(alterations, request_timeout=self._timeout_s)
        return _errors(_answers(_by_name(futures)))

    def delete(self, names: Iterable[str]) -> dict[str, KafkaError]:
        """Delete topics. Missing topics are ignored. Returns the errors of the others."""
        unwanted = list(names)
        if not unwanted:
            return {}
        wrong = _errors(_answers(self._admin.delete_topics(unwanted, request_timeout=self._timeout_s)))
        return {name: error for name, error in wrong.items() if error.code() != KafkaError.UNKNOWN_TOPIC_OR_PART}

    def _descriptions(self, names: list[str]) -> dict[str, TopicDescription | KafkaError]:
        if not names:
            return {}
        return _answers(self._admin.describe_topics(TopicCollection(names), request_timeout=self._timeout_s))

    def _configs(self, names: list[str]) -> dict[str, dict[str, ConfigEntry] | KafkaError]:
        if not names:
            return {}
        resources = [ConfigResource(ConfigResource.Type.TOPIC, name) for name in names]
        return _answers(_by_name(self._admin.describe_configs(resources, request_timeout=self._timeout_s)))

    def _ids(self, names: list[str]) -> dict[str, str | KafkaError]:
        """The ids of new topics, which a broker gets shortly after the controller."""
        deadline = time.monotonic() + VISIBLE_TIMEOUT_S
        ids: dict[str, str | KafkaError] = {}
        while missing := [name for name in names if name not in ids]:
            for name, answer in self._descriptions(missing).items():
                if not isinstance(answer, KafkaError):
                    ids[name] = str(answer.topic_id)
                elif answer.code() != KafkaError.UNKNOWN_TOPIC_OR_PART or time.monotonic() > deadline:
                    ids[name] = answer
            time.sleep(POLL_S if len(ids) < len(names) else 0)
        return ids


def _answers(futures: Mapping[str, Future[T]]) -> dict[str, T | KafkaError]:
    """The result or the error of each future. They finish because every request has a timeout."""
    answers: dict[str, T | KafkaError] = {}
    for name, future in futures.items():
        try:
            answers[name] = future.result()
        except KafkaException as error:
            answers[name] = kafka_error(error)
    return answers


def _errors(answers: Mapping[str, Any]) -> dict[str, KafkaError]:
    return {name: answer for name, answer in answers.items() if isinstance(answer, KafkaError)}


def _by_name(futures: Mapping[ConfigResource, Future[T]]) -> dict[str, Future[T]]:
    return {resource.name: future for resource, future in futures.items()}


def _alteration(name: str, change: Mapping[str, str | None]) -> ConfigResource:
    entries = [
        ConfigEntry(
            key, value, incremental_operation=AlterConfigOpType.SET if value is not None else AlterConfigOpType.DELETE
        )
        for key, value in change.items()
    ]
    return ConfigResource(ConfigResource.Type.TOPIC, name, incremental_configs=entries)


def _topic(description: TopicDescription, entries: dict[str, ConfigEntry]) -> Topic:
    return Topic(
        topic_id=str(description.topic_id),
        replicas=tuple(len(partition.replicas) for partition in description.partitions),
        config={name: str(entry.value) for name, entry in entries.items()},
        own_config=frozenset(name for name, entry in entries.items() if _is_own(entry)),
    )


def _is_own(entry: ConfigEntry) -> bool:
    """Whether it is set on this topic. The source is a plain number, contrary to its type hint."""
    return ConfigSource(entry.source) == ConfigSource.DYNAMIC_TOPIC_CONFIG
