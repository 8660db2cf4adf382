"""The Kafka of k8s/kafka/plain: clients in pods use it, it keeps records, and only Darkroom reaches it."""

import uuid

import pytest

from kind.cluster import Cluster
from kind.images import Image
from tests.support.on_kind.pods import Ended, restricted_pod, run_pod

pytestmark = pytest.mark.e2e

DARKROOM = {"app.kubernetes.io/part-of": "darkroom"}
WORKER = {"darkroom.dev/pipeline": "digits"}

_PRODUCE = """
import sys
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic
servers, topic = sys.argv[1:]
admin = AdminClient({"bootstrap.servers": servers})
admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(60)
producer = Producer({"bootstrap.servers": servers, "acks": "all"})
for number in range(100):
    producer.produce(topic, f"record {number}".encode())
sys.exit(producer.flush(60))
"""
_CONSUME = """
import sys
from confluent_kafka import Consumer
servers, topic = sys.argv[1:]
consumer = Consumer({"bootstrap.servers": servers, "group.id": topic, "auto.offset.reset": "earliest"})
consumer.subscribe([topic])
records = consumer.consume(100, timeout=60)
print(*(record.value().decode() for record in records), sep="\\n")
consumer.close()
"""
_REACH = """
import socket, sys
host, port = sys.argv[1].split(":")
socket.create_connection((host, int(port)), timeout=5).close()
print("reached")
"""


class Python:
    """Python programs with the worker's libraries, each in a separate pod."""

    def __init__(self, cluster: Cluster, namespace: str, image: Image) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._image = image

    def run(self, program: str, *arguments: str, labels: dict[str, str]) -> Ended:
        name = f"python-{uuid.uuid4().hex[:8]}"
        pod = restricted_pod(name, self._image.reference, ["python3", "-c", program, *arguments], labels=labels)
        return run_pod(self._cluster, self._namespace, pod)


@pytest.fixture
def python(cluster: Cluster, namespace: str, images: dict[str, Image]) -> Python:
    return Python(cluster, namespace, images["inference"])


def test_records_of_one_pod_reach_another_in_order(python: Python, kafka: str) -> None:
    topic = f"plain-{uuid.uuid4().hex[:8]}"
    produced = python.run(_PRODUCE, kafka, topic, labels=DARKROOM)
    assert produced.exit_code == 0, produced.log
    consumed = python.run(_CONSUME, kafka, topic, labels=WORKER)
    assert consumed.log.splitlines() == [f"record {number}" for number in range(100)]


def test_records_outlive_the_broker_s_pod(cluster: Cluster, python: Python, kafka: str) -> None:
    topic = f"plain-{uuid.uuid4().hex[:8]}"
    produced = python.run(_PRODUCE, kafka, topic, labels=DARKROOM)
    assert produced.exit_code == 0, produced.log
    cluster.run_kubectl("delete", "pod", "kafka-0", "-n", "kafka", timeout_s=120)
    cluster.run_kubectl("rollout", "status", "statefulset/kafka", "-n", "kafka", "--timeout=120s", timeout_s=150)
    consumed = python.run(_CONSUME, kafka, topic, labels=WORKER)
    assert len(consumed.log.splitlines()) == 100


def test_only_darkroom_s_pods_reach_the_broker(python: Python, kafka: str) -> None:
    assert python.run(_REACH, kafka, labels=DARKROOM).log == "reached\n"
    assert python.run(_REACH, kafka, labels=WORKER).log == "reached\n"
    refused = python.run(_REACH, kafka, labels={"app": "stranger"})
    assert refused.exit_code == 1
    assert "TimeoutError: timed out" in refused.log
