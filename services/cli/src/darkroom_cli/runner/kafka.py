"""The Kafka of `darkroom up`: a new broker or a running one, and its topics."""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from darkroom.errors import DarkroomError
from darkroom.kafka.connection import KafkaConnection, client_settings
from darkroom.kafka.errors import KafkaUnreachable
from darkroom.kafka.features import share_groups_problem
from darkroom.kafka.lag_query import GroupLog, GroupOffsets, query_lag
from darkroom.kafka.log import TopicPartition, log_beginnings_or_errors
from darkroom.kafka.topics import TopicChanges, ensure_topics
from darkroom.topology import Topic, Topology
from darkroom_cli.exit_codes import InvalidInput, Unreachable
from darkroom_cli.local_kafka import LocalKafka
from darkroom_cli.processes.ports import Reservation
from darkroom_cli.processes.threads import in_daemon_thread
from darkroom_cli.runner.plan import on_brokers
from darkroom_cli.runner.restart_policy import History, after_crash, delay_s
from darkroom_cli.views.output import say

_CONNECT_TIMEOUT_S = 10.0
_LAG_TIMEOUT_S = 5.0
_POLL_S = 0.5
_COORDINATORS_POLL_S = 0.02
_COORDINATORS_WITHIN_S = 5.0
_PARTITIONS_POLL_S = 0.02
_PARTITIONS_WITHIN_S = 5.0
_ANY_GROUP = "darkroom-up"
_NOT_YET = (
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.NOT_COORDINATOR,
)
_STOP_POLL_S = 0.1
_START_ENDS_WITHIN_S = 10.0
"""A start runs several JVMs one after the other. Each is killed until no other is started."""


class OwnKafka:
    """The broker that `darkroom up` starts and stops."""

    def __init__(self, data_dir: Path) -> None:
        """Choose a port. `start` starts the broker."""
        self._port = Reservation()
        self._kafka = LocalKafka(data_dir, self._port.port)
        self._starting: asyncio.Future[None] | None = None

    @property
    def bootstrap_servers(self) -> str:
        """`host:port` for clients."""
        return self._kafka.bootstrap_servers

    async def start(self) -> None:
        """Start the broker and wait until it is healthy.

        Raises:
            DarkroomError: the broker can't be started.
        """
        self._starting = asyncio.ensure_future(in_daemon_thread(self._start))
        await asyncio.shield(self._starting)

    def _start(self) -> None:
        self._kafka.start()
        self._wait_for_coordinators()

    def _wait_for_coordinators(self) -> None:
        """Make the broker create its offsets topic, and wait until it coordinates groups.

        It creates the topic at the first request for a coordinator. A consumer that sent it would ask again only after
        two seconds. If this fails, consumers have to wait as long as that.
        """
        admin = AdminClient({"bootstrap.servers": self.bootstrap_servers}, logger=_silent())
        deadline = time.monotonic() + _COORDINATORS_WITHIN_S
        while self._kafka.running and time.monotonic() < deadline:
            (answer,) = admin.describe_consumer_groups([_ANY_GROUP], request_timeout=_COORDINATORS_WITHIN_S).values()
            try:
                answer.result()
            except KafkaException as error:
                if error.args[0].code() not in _NOT_YET:
                    return
            else:
                return
            time.sleep(_COORDINATORS_POLL_S)

    async def keep(self) -> None:
        """Restart the broker whenever it exits."""
        history = History(has_been_ready=True)
        started = time.monotonic()
        while True:
            await asyncio.sleep(_POLL_S)
            if self._kafka.running:
                continue
            history = after_crash(history, time.monotonic() - started)
            delay = delay_s(history, random.random())
            say(f"Kafka exited; restarting it in {delay:.1f} s; its log is {self._kafka.data_dir}/jvm.log")
            await asyncio.sleep(delay)
            started = time.monotonic()
            try:
                await self.start()
            except DarkroomError as error:
                say(str(error))
            else:
                say("Kafka is ready again")

    async def stop(self) -> None:
        """Stop the broker gracefully. If it is still starting, it has no data yet and is killed."""
        deadline = time.monotonic() + _START_ENDS_WITHIN_S
        while self._starting is not None and not self._starting.done() and time.monotonic() < deadline:
            await in_daemon_thread(self._kafka.kill)
            await asyncio.wait({self._starting}, timeout=_STOP_POLL_S)
        if self._starting is not None and self._starting.done():
            self._starting.exception()  # retrieve the error of an interrupted start, or asyncio logs a warning
            await in_daemon_thread(self._kafka.stop)
        self._port.release()

    def kill(self) -> None:
        """Kill the broker."""
        self._kafka.kill()


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
            _wait_for_partitions(admin, topics)
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
    partitions = [TopicPartition(topic.name, number) for topic in topics for number in range(topic.partitions)]
    deadline = time.monotonic() + _PARTITIONS_WITHIN_S
    while (left_s := deadline - time.monotonic()) > 0:
        found = log_beginnings_or_errors(admin, partitions, left_s)
        if not any(isinstance(offset, KafkaUnreachable) for offset in found.values()):
            return
        time.sleep(_PARTITIONS_POLL_S)
        if not any(isinstance(offset, int) for offset in found.values()):
            # If a broker that does not know the topics yet was asked for their leaders, librdkafka keeps for seconds
            # that they have none (rd_kafka_topic_partition_list_get_leaders), unless it asks for all topics.
            admin.list_topics(timeout=_CONNECT_TIMEOUT_S)


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
