"""Asks a Kafka for its brokers, and for topics with their settings and the rights on them."""

import socket
from collections.abc import Mapping, Sequence
from typing import Any

from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

from darkroom.kafka.features import share_groups_problem
from darkroom_cli.doctor.kafka_decisions import Broker, KafkaSeen, TopicSeen

_TIMEOUT_S = 8.0
_CONNECT_S = 3.0
_REQUEST_BYTES = "socket.request.max.bytes"


def probe_kafka(settings: Mapping[str, Any], topics: Sequence[str]) -> KafkaSeen:
    """What can be found out about a Kafka and the topics `topics`. Raises nothing: a failure is part of the answer."""
    address = str(settings["bootstrap.servers"])
    reasons: list[str] = []
    own: dict[str, Any] = {
        "client.id": "darkroom-doctor",
        "log_level": 0,
        "error_cb": lambda error: reasons.append(error.str()),
    }
    try:
        admin = AdminClient({**settings, **own})
    except KafkaException as error:
        return KafkaSeen(address, problem=error.args[0].str())
    try:
        metadata = admin.list_topics(timeout=_TIMEOUT_S)
    except KafkaException as error:
        admin.poll(0)  # calls error_cb
        return KafkaSeen(address, problem=reasons[0] if reasons else error.args[0].str())
    brokers = tuple(_broker(one.id, str(one.host), one.port) for one in metadata.brokers.values())
    if any(broker.problem for broker in brokers):
        return KafkaSeen(address, brokers=brokers)
    existing = [topic for topic in topics if topic in metadata.topics]
    share_groups = share_groups_problem(settings, _CONNECT_S)
    return KafkaSeen(address, None, brokers, _topics(admin, existing), _request_bytes(admin, brokers), share_groups)


def _broker(number: int, host: str, port: int) -> Broker:
    address = f"{host}:{port}"
    try:
        socket.create_connection((host, port), _CONNECT_S).close()
    except OSError as error:
        return Broker(number, address, error.strerror or str(error))
    return Broker(number, address, None)


def _topics(admin: AdminClient, topics: list[str]) -> dict[str, TopicSeen]:
    if not topics:
        return {}
    described = admin.describe_topics(
        TopicCollection(topics), include_authorized_operations=True, request_timeout=_TIMEOUT_S
    )
    configs = _configs(admin, [ConfigResource(ResourceType.TOPIC, topic) for topic in topics])
    found = {}
    for topic, future in described.items():
        try:
            seen = future.result(2 * _TIMEOUT_S)
        except (KafkaException, TimeoutError):
            continue
        replicas = min((len(partition.replicas) for partition in seen.partitions), default=0)
        operations = seen.authorized_operations
        allowed = None if operations is None else frozenset(_words(one.name) for one in operations)
        found[topic] = TopicSeen(len(seen.partitions), replicas, configs.get(topic, {}), allowed)
    return found


def _configs(admin: AdminClient, resources: list[ConfigResource]) -> dict[str, dict[str, str]]:
    """The settings of resources, by name; without those that may not be read."""
    found = {}
    for resource, future in admin.describe_configs(resources, request_timeout=_TIMEOUT_S).items():
        try:
            entries = future.result(2 * _TIMEOUT_S)
        except (KafkaException, TimeoutError):
            continue
        found[resource.name] = {name: entry.value for name, entry in entries.items() if entry.value is not None}
    return found


def _request_bytes(admin: AdminClient, brokers: Sequence[Broker]) -> int | None:
    configs = [
        configs
        for broker in brokers
        for configs in _configs(admin, [ConfigResource(ResourceType.BROKER, str(broker.id))]).values()
    ]
    return min((int(config[_REQUEST_BYTES]) for config in configs if _REQUEST_BYTES in config), default=None)


def _words(name: str) -> str:
    """DESCRIBE_CONFIGS -> DescribeConfigs."""
    return "".join(word.capitalize() for word in name.split("_"))
