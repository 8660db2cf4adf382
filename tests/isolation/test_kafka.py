"""In Kafka, the users that the operator and the chart ask for reach the topics and groups of their namespace only."""

import base64
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    Producer,
    ShareConsumer,
    TopicPartition,
)
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    ResourceType,
)

from darkroom import names
from darkroom.api.validation import parse_pipeline
from darkroom.topology import Topology, topology
from darkroom_cli.local_kafka import LocalKafka, acl_properties, scram_listener
from darkroom_operator.builders.kafka_user import kafka_user
from tests.support.chart import Helm, of_kind
from tests.support.kube.api import Manifest
from tests.support.kube.api_server import ApiServer
from tests.support.manifests import pipeline_manifest
from tests.support.services.ingestion import Pipeline
from tests.support.strimzi.kafka_resource import KafkaListener, install_kafka
from tests.support.strimzi.stand_in import StrimziStandIn
from tests.support.until import until

CLUSTER, STAGE = "events", "classify"
DENIED = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
}
HIDDEN = {KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION}
"""What a client says of a topic that it may not describe. The topics exist: test_a_worker_sees_no_topic lists them."""
SECONDS = 30


@dataclass(frozen=True)
class Kafka:
    """Pipelines whose names are prefixes of each other, on a broker that enforces ACLs, and a user for each."""

    plans: dict[str, Topology]
    users: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def secured(api_server: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    kafka_namespace = api_server.namespace("kafka")
    team = f"t{uuid.uuid4().hex[:8]}"
    pipelines = {"ours": (team, "digits"), "same name": (f"{team}-two", "digits"), "longer name": (team, "digits-two")}
    folder = tmp_path_factory.mktemp("kafka")
    with LocalKafka(folder / "kafka", properties=acl_properties(), listeners=(scram_listener(),)) as broker:
        wanted: dict[str, Manifest] = {}
        plans = {}
        for title, (namespace, name) in pipelines.items():
            spec = {"images": {"partitions": 1, "replicas": 1}, "kafka": {"cluster": {"name": CLUSTER}}}
            manifest = pipeline_manifest(namespace=namespace, name=name, stages=[STAGE], **spec)
            manifest["spec"]["stages"][0]["mode"] = "Queue"  # it has the rights of Ordered, and those of a share group
            Pipeline(broker.bootstrap_servers, manifest, namespace, name, [STAGE]).make_topics()
            pipeline = parse_pipeline(manifest)
            plans[title] = topology(pipeline)
            (stage,) = plans[title].stages
            wanted[title] = kafka_user(pipeline, stage, CLUSTER, kafka_namespace, "scram-sha-512", acls=True)
        values = {"namespaces": [team], "kafka": {"clusters": [{"name": CLUSTER, "namespace": kafka_namespace}]}}
        rendered = Helm(folder).template("darkroom", kafka_namespace, {"ingestion": values})
        (wanted["the service"],) = of_kind(rendered, "KafkaUser").values()
        server = broker.address("SCRAM")
        listener = KafkaListener("scram", server, authentication="scram-sha-512")
        install_kafka(api_server.admin.api(), kafka_namespace, CLUSTER, [listener], authorization="simple")
        with StrimziStandIn(api_server.admin.api(), kafka_namespace, CLUSTER, broker.bootstrap_servers):
            users = {title: credentials(api_server, user, server) for title, user in wanted.items()}
            yield Kafka(plans, users)


def credentials(api_server: ApiServer, user: Manifest, server: str) -> dict[str, Any]:
    """Settings of a client with the password that the User Operator has made."""
    api, metadata = api_server.admin.api(), user["metadata"]
    metadata.pop("ownerReferences", None)
    path = f"/apis/kafka.strimzi.io/v1/namespaces/{metadata['namespace']}/kafkausers/{metadata['name']}"
    api.apply(path, user)
    until(lambda: "'Ready'" in str(api.get(path).get("status", {})), "the user is ready", 60.0)
    secret = api.get(f"/api/v1/namespaces/{metadata['namespace']}/secrets/{metadata['name']}")
    return {
        "bootstrap.servers": server,
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": metadata["name"],
        "sasl.password": base64.b64decode(secret["data"]["password"]).decode(),
        "log_level": 0,
    }


OTHERS = pytest.mark.parametrize("other", ["same name", "longer name"])


@OTHERS
def test_a_worker_sees_no_topic_of_another_pipeline(secured: Kafka, other: str) -> None:
    seen = AdminClient(secured.users["ours"]).list_topics(timeout=SECONDS).topics
    assert {topic.name for topic in secured.plans["ours"].topics} <= set(seen)
    theirs = {topic.name for topic in secured.plans[other].topics}
    assert not theirs & set(seen)
    assert theirs <= set(AdminClient(secured.users[other]).list_topics(timeout=SECONDS).topics)


@OTHERS
def test_a_worker_can_neither_read_nor_write_another_pipelines_topics(secured: Kafka, other: str) -> None:
    for topic in secured.plans[other].topics:
        denied(lambda at=topic.name: read(secured.users["ours"], at))
        denied(lambda at=topic.name: write(secured.users["ours"], at))


@OTHERS
def test_a_worker_can_neither_read_nor_change_the_progress_of_another_pipeline(secured: Kafka, other: str) -> None:
    plan = secured.plans[other]
    group = names.consumer_group(plan.namespace, plan.pipeline, STAGE)
    for name in (group, names.replay_group(plan.namespace, plan.pipeline, STAGE, "stolen")):
        denied(lambda at=name: commit(secured.users["ours"], at, plan.topics[0].name))
        denied(lambda at=name: committed(secured.users["ours"], at))


@OTHERS
def test_a_worker_of_a_queue_has_its_groups_and_no_others(secured: Kafka, other: str) -> None:
    ours, theirs = secured.plans["ours"], secured.plans[other]
    own = names.share_group(ours.namespace, ours.pipeline, STAGE)
    user = secured.users["ours"]
    lock = ConfigEntry("share.record.lock.duration.ms", "20000", incremental_operation=AlterConfigOpType.SET)
    configure(user, own, lock)
    write(secured.users["the service"], ours.topics[0].name)
    configure(
        user, own, ConfigEntry("share.auto.offset.reset", "earliest", incremental_operation=AlterConfigOpType.SET)
    )
    with ShareConsumer({**user, "group.id": own}) as consumer:
        consumer.subscribe([ours.topics[0].name])
        (message, *_) = until(lambda: consumer.poll(1.0), "the worker takes an image", SECONDS)
        assert message.value() == b"written"
    commit(user, names.attempts_group(ours.namespace, ours.pipeline, STAGE), ours.topics[0].name)
    committed(user, names.attempts_group(ours.namespace, ours.pipeline, STAGE))
    group = names.share_group(theirs.namespace, theirs.pipeline, STAGE)
    attempts = names.attempts_group(theirs.namespace, theirs.pipeline, STAGE)
    denied(lambda: configure(user, group, lock))
    denied(lambda: commit(user, attempts, theirs.topics[0].name))
    denied(lambda: committed(user, attempts))


@OTHERS
def test_a_worker_cannot_fence_another_pipelines_producers(secured: Kafka, other: str) -> None:
    plan = secured.plans[other]
    transactional_id = f"{names.transactional_id_prefix(plan.namespace, plan.pipeline, STAGE)}0"
    denied(lambda: Producer({**secured.users["ours"], "transactional.id": transactional_id}).init_transactions(SECONDS))


def test_a_worker_changes_no_topic_not_even_its_own(secured: Kafka) -> None:
    admin = AdminClient(secured.users["ours"])
    for plan in secured.plans.values():
        for topic in plan.topics:
            retention = ConfigEntry("retention.ms", "1", incremental_operation=AlterConfigOpType.SET)
            resource = ConfigResource(ResourceType.TOPIC, topic.name, incremental_configs=[retention])
            denied(lambda at=topic.name: admin.delete_topics([at])[at].result(SECONDS))
            denied(lambda at=topic.name: admin.create_partitions([NewPartitions(at, 9)])[at].result(SECONDS))
            denied(lambda at=resource: admin.incremental_alter_configs([at])[at].result(SECONDS))


def test_the_service_of_a_namespace_reads_and_writes_no_topic_of_another(secured: Kafka) -> None:
    service = secured.users["the service"]
    for topic in secured.plans["same name"].topics:
        denied(lambda at=topic.name: read(service, at))
        denied(lambda at=topic.name: write(service, at))
    write(service, secured.plans["ours"].topics[0].name)
    read(service, secured.plans["ours"].topics[0].name)


def denied(attempt: Callable[[], object]) -> None:
    with pytest.raises(KafkaException) as refused:
        attempt()
    error = refused.value.args[0]
    assert error.code() in DENIED | HIDDEN, error


def read(user: dict[str, Any], topic: str) -> None:
    """Ask where the topic begins and ends, which everybody may who may read it or write to it."""
    consumer = Consumer({**user, "group.id": "darkroom.ingestion.test"})
    try:
        consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=SECONDS)
    finally:
        consumer.close()


def write(user: dict[str, Any], topic: str) -> None:
    outcome: list[KafkaError | None] = []
    producer = Producer({**user, "message.timeout.ms": SECONDS * 1000, "topic.metadata.propagation.max.ms": 1})
    producer.produce(topic, b"written", partition=0, on_delivery=lambda error, _: outcome.append(error))
    assert producer.flush(SECONDS) == 0
    if outcome[0] is not None:
        raise KafkaException(outcome[0])


def configure(user: dict[str, Any], group: str, entry: ConfigEntry) -> None:
    """Set one value of the configuration of a group."""
    resource = ConfigResource(ResourceType.GROUP, group, incremental_configs=[entry])
    admin = AdminClient(user)
    admin.incremental_alter_configs([resource], request_timeout=SECONDS)[resource].result(SECONDS)


def commit(user: dict[str, Any], group: str, topic: str) -> None:
    """Commit an offset for a group."""
    admin = AdminClient(user)
    offsets = [ConsumerGroupTopicPartitions(group, [TopicPartition(topic, 0, 1)])]
    admin.alter_consumer_group_offsets(offsets, request_timeout=SECONDS)[group].result(SECONDS)


def committed(user: dict[str, Any], group: str) -> None:
    """Read the offsets of a group."""
    admin = AdminClient(user)
    asked = [ConsumerGroupTopicPartitions(group)]
    admin.list_consumer_group_offsets(asked, request_timeout=SECONDS)[group].result(SECONDS)
