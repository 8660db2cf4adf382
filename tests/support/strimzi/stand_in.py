"""Both stand-in operators of one Kafka cluster, in this process."""

from collections.abc import Mapping
from typing import Self

from confluent_kafka.admin import AdminClient

from tests.support.kube.api import Api
from tests.support.strimzi.controller import Scope
from tests.support.strimzi.no_kafka import NoKafkaTopics, NoKafkaUsers
from tests.support.strimzi.topics.kafka_topics import KafkaTopics
from tests.support.strimzi.topics.topic_operator import TopicOperator
from tests.support.strimzi.users.kafka_users import KafkaUsers
from tests.support.strimzi.users.user_operator import UserOperator

# Errors are reported in the status of the resources, not in a log.
_SETTINGS = {"reconnect.backoff.max.ms": 1000, "log_level": 0}


class StrimziStandIn:
    """Reconciles the KafkaTopics and KafkaUsers of one cluster like Strimzi, until the end of the block.

    Without `bootstrap_servers` topics and users are only kept in memory, for benchmarks. `timeout_s` is the time after
    which a resource reports an unreachable broker. `kafka_settings` are additional librdkafka settings of the Admin
    client, for a broker that requires credentials.
    """

    def __init__(
        self,
        api: Api,
        namespace: str,
        cluster: str,
        bootstrap_servers: str | None,
        *,
        full_reconciliation_s: float = 120.0,
        timeout_s: float = 35.0,
        kafka_settings: Mapping[str, str] | None = None,
    ) -> None:
        topics: KafkaTopics | NoKafkaTopics = NoKafkaTopics()
        users: KafkaUsers | NoKafkaUsers = NoKafkaUsers()
        if bootstrap_servers is not None:
            admin = AdminClient({"bootstrap.servers": bootstrap_servers, **_SETTINGS, **(kafka_settings or {})})
            topics, users = KafkaTopics(admin, timeout_s), KafkaUsers(admin, timeout_s)
        scope = Scope(namespace, cluster)
        self.topics = TopicOperator(api, scope, topics, full_reconciliation_s=full_reconciliation_s)
        self.users = UserOperator(api, scope, users, full_reconciliation_s=full_reconciliation_s)

    def __enter__(self) -> Self:
        self.topics.controller.start()
        self.users.controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.topics.controller.stop()
        self.users.controller.stop()

    def slow(self, delay_s: float) -> None:
        """Delay the status of every changed resource from now on."""
        self.topics.controller.delay_s = self.users.controller.delay_s = delay_s

    def failing(self, pattern: str) -> None:
        """Refuse topics and users whose names contain a match of this regular expression; none if it is empty."""
        self.topics.failing = self.users.failing = pattern

    def reconcile_all(self) -> None:
        """Run a full reconciliation now."""
        self.topics.controller.reconcile_all()
        self.users.controller.reconcile_all()
