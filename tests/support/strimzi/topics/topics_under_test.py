"""KafkaTopics of one test, and the topics of the real broker behind them."""

from dataclasses import dataclass
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Producer, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource

from tests.support.kube.api import Api, Manifest
from tests.support.strimzi.stand_in import StrimziStandIn
from tests.support.until import until

CLUSTER = "my-cluster"
TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Topics:
    """KafkaTopics of one namespace, and the topics of the broker behind them, which all tests share."""

    api: Api
    namespace: str
    kafka: AdminClient
    bootstrap_servers: str
    strimzi: StrimziStandIn

    @property
    def path(self) -> str:
        return f"/apis/kafka.strimzi.io/v1/namespaces/{self.namespace}/kafkatopics"

    def name(self, name: str) -> str:
        """A topic name that no other test has."""
        return f"{self.namespace}.{name}"

    def create(
        self, name: str, spec: Manifest, annotations: dict[str, str] | None = None, cluster: str = CLUSTER
    ) -> str:
        """Create a resource; its name."""
        metadata = {"name": self.name(name), "annotations": annotations or {}}
        metadata |= {"labels": {"strimzi.io/cluster": cluster}} if cluster else {}
        body = {"apiVersion": "kafka.strimzi.io/v1", "kind": "KafkaTopic", "metadata": metadata, "spec": spec}
        self.api.create(self.path, body)
        return self.name(name)

    def change(self, name: str, **patch: Any) -> None:
        self.api.merge(f"{self.path}/{name}", patch)

    def get(self, name: str) -> Manifest:
        return self.api.get(f"{self.path}/{name}")

    def answered(self, name: str, condition: str, status: str = "True", message: str = "") -> Manifest:
        """The resource, when its only condition is this one for the latest generation."""

        def answer() -> Manifest | None:
            resource = self.get(name)
            said = resource.get("status", {})
            (only,) = said.get("conditions", [{}])
            right = (only.get("type"), only.get("status")) == (condition, status) and message in only.get("message", "")
            return resource if right and said["observedGeneration"] == resource["metadata"]["generation"] else None

        try:
            return until(answer, f"{condition} {status}", TIMEOUT_S)
        except AssertionError as late:
            late.add_note(str(self.get(name).get("status")))
            raise

    def not_ready(self, name: str, reason: str, message: str) -> Manifest:
        resource = self.answered(name, "Ready", "False", message)
        (condition,) = resource["status"]["conditions"]
        assert condition["reason"] == reason
        return resource

    def partitions(self, topic: str) -> int | None:
        """How many the topic has in Kafka; None if there is no such topic."""
        try:
            description = self.kafka.describe_topics(TopicCollection([topic]))[topic].result()
        except KafkaException:
            return None
        return len(description.partitions)

    def config(self, topic: str, key: str) -> str:
        (future,) = self.kafka.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, topic)]).values()
        value: str = future.result()[key].value
        return value

    def delete(self, name: str) -> None:
        self.api.delete(f"{self.path}/{name}")
        until(lambda: self.api.find(f"{self.path}/{name}") is None, f"{name} gone", TIMEOUT_S)

    def fill(self, topic: str) -> None:
        producer = Producer({"bootstrap.servers": self.bootstrap_servers})
        producer.produce(topic, b"kept")
        assert producer.flush(TIMEOUT_S) == 0

    def read(self, topic: str) -> list[bytes | None]:
        """The values in partition 0."""
        consumer = Consumer(
            {"bootstrap.servers": self.bootstrap_servers, "group.id": topic, "enable.partition.eof": True}
        )
        consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
        values = []
        try:
            while (message := consumer.poll(TIMEOUT_S)) is not None and message.error() is None:
                values.append(message.value())
        finally:
            consumer.close()
        return values
