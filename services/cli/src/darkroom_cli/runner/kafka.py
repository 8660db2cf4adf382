"""The topics of `darkroom up`, and the lag of its groups."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from darkroom.kafka.connection import KafkaConnection, client_settings
from darkroom.kafka.errors import KafkaUnreachable
from darkroom.kafka.features import share_groups_problem
from darkroom.kafka.lag_query import GroupLog, GroupOffsets, query_lag
from darkroom.kafka.log import TopicPartition, log_beginnings_or_errors
from darkroom.kafka.topics import TopicChanges, ensure_topics
from darkroom.topology import Topic, Topology
from darkroom_cli.exit_codes import InvalidInput, Unreachable
from darkroom_cli.runner.plan import on_brokers

_CONNECT_TIMEOUT_S = 10.0
_LAG_TIMEOUT_S = 5.0
_PARTITIONS_POLL_S = 0.02
_PARTITIONS_WITHIN_S = 5.0


@dataclass(frozen=True)
class PreparedKafka:
    """The Kafka cluster, and the changes made to its topics."""

    cluster_id: str
    brokers: int
    clamped: int
    changes: TopicChanges


def prepare(connection: KafkaConnection, topologies: Sequence[Topology]) -> PreparedKafka:
    """Create the topics of `topologies`, with at most as many replicas as there are brokers.

    Raises:
        Unreachable: no broker responds.
        InvalidInput: a stage has mode Queue and Kafka no share groups, or Kafka rejects the configuration of a topic.
    """
    settings = client_settings(connection, "darkroom-up")
    admin = AdminClient(settings, logger=_silent())
    queues = [stage for topology in topologies for stage in topology.stages if stage.share_group is not None]
    try:
        metadata = admin.list_topics(timeout=_CONNECT_TIMEOUT_S)
        if queues and (problem := share_groups_problem(settings, _CONNECT_TIMEOUT_S)):
            raise InvalidInput(problem)
        clamped, changed = on_brokers(topologies, len(metadata.brokers))
        topics = [topic for topology in clamped for topic in topology.topics]
        changes = ensure_topics(admin, topics)
        if changes.created or changes.grown:
            _wait_for_partitions(admin, [topic for topic in topics if topic.name not in changes.refused])
    except (KafkaException, KafkaUnreachable) as error:
        raise Unreachable(
            f"no Kafka broker responds at {connection.bootstrap_servers} within {_CONNECT_TIMEOUT_S:.0f} s: "
            "start it, check the address, or omit --bootstrap-servers to start one"
        ) from error
    if changes.refused:
        raise InvalidInput("\n".join(f"topic {name}: {why}" for name, why in changes.refused.items()))
    return PreparedKafka(metadata.cluster_id or "", len(metadata.brokers), changed, changes)


def _wait_for_partitions(admin: AdminClient, topics: Sequence[Topic]) -> None:
    """Wait until the brokers have made the partitions of new topics, which they do one after the other.

    A worker that joined its group before would get no partitions until it asks again, and the ingestion service, which
    looks for the ends of the partitions, would look again after a second. If this fails, they have to wait as long.
    """
    waiting = {TopicPartition(topic.name, number) for topic in topics for number in range(topic.partitions)}
    deadline = time.monotonic() + _PARTITIONS_WITHIN_S
    while (left_s := deadline - time.monotonic()) > 0:
        # First: if a broker that does not know the topics yet was asked for their leaders, librdkafka would keep for
        # seconds that they have none (rd_kafka_topic_partition_list_get_leaders), unless it asks for all topics.
        listed = admin.list_topics(timeout=_CONNECT_TIMEOUT_S).topics
        if all(at.topic in listed and at.partition in listed[at.topic].partitions for at in waiting):
            found = log_beginnings_or_errors(admin, waiting, left_s)
            waiting = {at for at, offset in found.items() if isinstance(offset, KafkaUnreachable)}
            if not waiting:
                return
        time.sleep(_PARTITIONS_POLL_S)


def lag_query(connection: KafkaConnection) -> Callable[[Mapping[str, GroupLog]], Mapping[str, GroupOffsets]]:
    """A function that reads the offsets of consumer groups. What Kafka does not answer in time is unknown."""
    admin = AdminClient(client_settings(connection, "darkroom-up-scaling"), logger=_silent())
    return lambda groups: query_lag(admin, groups, _LAG_TIMEOUT_S)


def _silent() -> logging.Logger:
    """A logger for clients whose errors are in messages of this program."""
    silent = logging.getLogger("darkroom_cli.librdkafka")
    silent.addHandler(logging.NullHandler())
    silent.propagate = False
    return silent
