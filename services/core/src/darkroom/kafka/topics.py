"""Topics through Kafka's Admin API: create, add partitions, configure, delete."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ConfigSource,
    NewPartitions,
    NewTopic,
    ResourceType,
)

from darkroom.errors import DarkroomError
from darkroom.kafka.errors import KafkaUnreachable
from darkroom.topology import Topic

TIMEOUT_S = 30.0


class TopicRefused(DarkroomError):
    """Kafka or Darkroom refused to create or change a topic."""


@dataclass(frozen=True)
class TopicChanges:
    """What `ensure_topics` did. `refused` has the reason by topic name."""

    created: tuple[str, ...] = ()
    grown: tuple[str, ...] = ()
    configured: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ExistingTopic:
    """The actual state of a topic. `config` has only settings of the topic, not the broker's defaults."""

    partitions: int
    config: Mapping[str, str]


def broker_count(admin: AdminClient, timeout_s: float = TIMEOUT_S) -> int:
    """The number of brokers in the cluster.

    Raises:
        KafkaUnreachable: no broker responded within `timeout_s`.
    """
    try:
        return len(admin.list_topics(timeout=timeout_s).brokers)
    except KafkaException as error:
        raise KafkaUnreachable(f"Kafka can't be reached: {error.args[0].str()}") from error


def ensure_topics(admin: AdminClient, topics: Sequence[Topic]) -> TopicChanges:
    """Create or change topics to match `topics`. Idempotent.

    A topic with more partitions than desired is not changed and reported as refused, as is one that Kafka refuses.
    Configuration that is set on a topic but not in `topics` is reset to the broker's default.

    Raises:
        KafkaUnreachable: no broker responded in time.
    """
    existing = describe_topics(admin, [topic.name for topic in topics])
    refused: dict[str, str] = {}
    created = _create(admin, [topic for topic in topics if topic.name not in existing], refused)
    known = [topic for topic in topics if topic.name in existing]
    grown = _grow(admin, known, existing, refused)
    configured = _configure(admin, known, existing, refused)
    return TopicChanges(created, grown, configured, refused)


def describe_topics(admin: AdminClient, topic_names: Sequence[str]) -> dict[str, ExistingTopic]:
    """The topics among `topic_names` that exist.

    Raises:
        KafkaUnreachable: no broker responded in time.
    """
    try:
        metadata = admin.list_topics(timeout=TIMEOUT_S).topics
    except KafkaException as error:
        raise KafkaUnreachable(f"Kafka can't be reached: {error.args[0].str()}") from error
    found = [name for name in topic_names if name in metadata]
    resources = [ConfigResource(ResourceType.TOPIC, name) for name in found]
    described = admin.describe_configs(resources, request_timeout=TIMEOUT_S) if resources else {}
    answers = dict(_answers({resource.name: future for resource, future in described.items()}))
    existing = {}
    for name in found:
        entries = answers[name]
        if isinstance(entries, KafkaError):
            if entries.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                continue  # deleted after it was listed
            raise KafkaUnreachable(f"topic {name}: its configuration can't be read: {entries.str()}")
        own = {k: e.value for k, e in entries.items() if e.source == ConfigSource.DYNAMIC_TOPIC_CONFIG.value}
        existing[name] = ExistingTopic(len(metadata[name].partitions), own)
    return existing


def delete_topics(admin: AdminClient, topic_names: Sequence[str]) -> dict[str, str]:
    """Delete topics with all their records. Missing topics are ignored. Returns Kafka's refusals by topic name."""
    if not topic_names:
        return {}
    futures = admin.delete_topics(list(topic_names), operation_timeout=TIMEOUT_S, request_timeout=TIMEOUT_S)
    gone = KafkaError.UNKNOWN_TOPIC_OR_PART
    return {n: a.str() for n, a in _answers(futures) if isinstance(a, KafkaError) and a.code() != gone}


def _create(admin: AdminClient, topics: Sequence[Topic], refused: dict[str, str]) -> tuple[str, ...]:
    if not topics:
        return ()
    new = [
        NewTopic(t.name, num_partitions=t.partitions, replication_factor=t.replicas, config=dict(t.config))
        for t in topics
    ]
    futures = admin.create_topics(new, operation_timeout=TIMEOUT_S, request_timeout=TIMEOUT_S)
    return _succeeded(futures, refused, harmless=KafkaError.TOPIC_ALREADY_EXISTS)


def _grow(
    admin: AdminClient, topics: Sequence[Topic], existing: Mapping[str, ExistingTopic], refused: dict[str, str]
) -> tuple[str, ...]:
    for topic in topics:
        if existing[topic.name].partitions > topic.partitions:
            refused[topic.name] = (
                f"has {existing[topic.name].partitions} partitions, which can't be reduced to {topic.partitions}: "
                f"set partitions to at least {existing[topic.name].partitions}"
            )
    more = [topic for topic in topics if existing[topic.name].partitions < topic.partitions]
    if not more:
        return ()
    wanted = [NewPartitions(topic.name, topic.partitions) for topic in more]
    futures = admin.create_partitions(wanted, operation_timeout=TIMEOUT_S, request_timeout=TIMEOUT_S)
    return _succeeded(futures, refused)


def _configure(
    admin: AdminClient, topics: Sequence[Topic], existing: Mapping[str, ExistingTopic], refused: dict[str, str]
) -> tuple[str, ...]:
    resources = []
    for topic in topics:
        entries = _config_changes(existing[topic.name].config, topic.config)
        if entries:
            resources.append(ConfigResource(ResourceType.TOPIC, topic.name, incremental_configs=entries))
    if not resources:
        return ()
    futures = admin.incremental_alter_configs(resources, request_timeout=TIMEOUT_S)
    return _succeeded({resource.name: future for resource, future in futures.items()}, refused)


def _config_changes(have: Mapping[str, str], want: Mapping[str, str]) -> list[ConfigEntry]:
    changed = {key: value for key, value in want.items() if have.get(key) != value}
    operation = AlterConfigOpType
    return [ConfigEntry(k, v, incremental_operation=operation.SET) for k, v in changed.items()] + [
        ConfigEntry(key, None, incremental_operation=operation.DELETE) for key in have if key not in want
    ]


def _succeeded(futures: Mapping[str, Any], refused: dict[str, str], harmless: int | None = None) -> tuple[str, ...]:
    done = []
    for name, answer in _answers(futures):
        if not isinstance(answer, KafkaError):
            done.append(name)
        elif answer.code() != harmless:
            refused[name] = answer.str()
    return tuple(done)


def _answers(futures: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """The result of every future, or its KafkaError.

    Raises:
        KafkaUnreachable: no broker responded in time.
    """
    for name, future in futures.items():
        try:
            yield name, future.result(timeout=TIMEOUT_S + 5)
        except KafkaException as error:
            kafka_error: KafkaError = error.args[0]
            if kafka_error.code() in {KafkaError._TRANSPORT, KafkaError._TIMED_OUT, KafkaError._ALL_BROKERS_DOWN}:  # noqa: SLF001
                raise KafkaUnreachable(f"Kafka can't be reached: {kafka_error.str()}") from error
            yield name, kafka_error
