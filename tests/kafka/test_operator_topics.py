"""The operator's topics through the Admin API, against a real broker."""

import queue
import uuid

from darkroom.kafka.connection import KafkaConnection, client_settings
from darkroom.topology import Topic
from darkroom_operator.kafka.admin.connection import CONNECT_S, FAIL_FAST_S
from darkroom_operator.kafka.admin.topics import ALL_READY, FRESH_S, IN_PROGRESS, REPORT_AFTER_S, TopicProvisioner
from darkroom_operator.kube.keys import PipelineKey
from tests.support.clock import Clock
from tests.support.kafka import SharedKafka

KEY = PipelineKey("demo", "digits")


def test_ready_topics_stay_ready_during_a_check(kafka: SharedKafka) -> None:
    """A reconciliation during the check must not report a healthy pipeline as not ready."""
    finished: queue.Queue[PipelineKey] = queue.Queue()
    clock = Clock(1_000.0)
    provisioner = TopicProvisioner(finished.put, clock)
    settings = client_settings(KafkaConnection(bootstrap_servers=kafka.bootstrap_servers), "test")
    topics = [Topic(f"{uuid.uuid4()}.images", "images", partitions=1, replicas=1)]
    try:
        assert provisioner.ensure(KEY, settings, topics) == IN_PROGRESS
        assert provisioner.ensure(KEY, settings, topics) == IN_PROGRESS
        finished.get(timeout=60)
        assert provisioner.ensure(KEY, settings, topics) == ALL_READY

        clock.now += FRESH_S + 1
        assert provisioner.ensure(KEY, settings, topics) == ALL_READY, "the check begins"
        assert provisioner.ensure(KEY, settings, topics) == ALL_READY, "the check has not ended"
        wider = [Topic(topics[0].name, "images", partitions=2, replicas=1)]
        assert provisioner.ensure(KEY, settings, wider) == IN_PROGRESS, "what is wanted has changed meanwhile"
        finished.get(timeout=60)
        assert provisioner.ensure(KEY, settings, topics) == ALL_READY

        assert provisioner.ensure(KEY, settings, wider) == IN_PROGRESS, "what is wanted has changed"
    finally:
        provisioner.close()


def test_a_kafka_that_can_not_be_reached_is_reported_within_ten_seconds() -> None:
    """The bounds of a job, and one job; a pipeline of a Kafka that works waits for no other."""
    assert FAIL_FAST_S < CONNECT_S < REPORT_AFTER_S < 10
    finished: queue.Queue[PipelineKey] = queue.Queue()
    provisioner = TopicProvisioner(finished.put)
    settings = client_settings(KafkaConnection(bootstrap_servers="no..such.host:9092"), "test")
    topics = [Topic("images", "images", partitions=1, replicas=1)]
    try:
        provisioner.ensure(KEY, settings, topics)
        assert finished.get(timeout=10) == KEY
        finding = provisioner.ensure(KEY, settings, topics)
    finally:
        provisioner.close()
    assert finding.reason == "KafkaUnreachable"
    assert finding.message.endswith("no..such.host:9092: the host name cannot be resolved; trying again")
