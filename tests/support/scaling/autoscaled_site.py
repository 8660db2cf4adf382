"""A pipeline with one autoscaled stage on a test API server: what it asks for, what became of it, and its images."""

from typing import Any

from confluent_kafka import ConsumerGroupTopicPartitions, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from tests.support.kafka import SharedKafka
from tests.support.kube.api import Manifest
from tests.support.services.operator import Site
from tests.support.until import until

PARTITIONS = 4
_TIMEOUT_S = 20.0


def manifest(here: Site, autoscaling: dict[str, Any] | None, **spec: Any) -> Manifest:
    """The pipeline `digits` with the stage `classify`."""
    made = here.manifest(images={"partitions": PARTITIONS}, **spec)
    if autoscaling is not None:
        made["spec"]["stages"][0]["autoscaling"] = autoscaling
    return made


def replicas(here: Site) -> int:
    """The replicas of the stage's Deployment; -1 if there is none."""
    live = here.find("deployments", "digits-classify")
    return -1 if live is None else int(live["spec"]["replicas"])


def status_of(here: Site) -> dict[str, Any]:
    """The status of the pipeline."""
    found: dict[str, Any] = (here.find("imagepipelines", "digits") or {}).get("status", {})
    return found


def autoscaling(here: Site) -> dict[str, Any]:
    """What the status says about the autoscaling of the stage."""
    (stage,) = status_of(here).get("stages") or [{}]
    found: dict[str, Any] = stage.get("autoscaling") or {}
    return found


def send(kafka: SharedKafka, here: Site, images: int) -> None:
    """Publish images, evenly to all partitions."""
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers})
    for number in range(images):
        producer.produce(f"{here.namespace}.digits.images", b"image", partition=number % PARTITIONS)
    assert producer.flush(_TIMEOUT_S) == 0


class Commits:
    """Commits the offsets of the stage, as workers that have analysed the images before them."""

    def __init__(self, kafka: SharedKafka, here: Site) -> None:
        self._topic = f"{here.namespace}.digits.images"
        self._group = f"{here.namespace}.digits.classify"
        self._admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})

    def to(self, offset: int) -> None:
        """Commit `offset` in every partition, as soon as the group has a coordinator."""
        until(lambda: self._committed(offset), f"{offset} is committed")

    def _committed(self, offset: int) -> bool:
        partitions = [TopicPartition(self._topic, number, offset) for number in range(PARTITIONS)]
        request = ConsumerGroupTopicPartitions(self._group, partitions)
        (committed,) = self._admin.alter_consumer_group_offsets([request]).values()
        return all(one.error is None for one in committed.result(_TIMEOUT_S).topic_partitions)
