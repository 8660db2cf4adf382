"""A permanently failed Kafka client is replaced without a restart of the service."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import Consumer
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from darkroom.api.validation import parse_pipeline
from darkroom.kafka.connection import KafkaConnection
from darkroom_cli.local_kafka import LocalKafka, acl_properties, scram_listener
from darkroom_ingestion.catalog.served import ServedPipeline
from darkroom_ingestion.links.link import Link
from darkroom_ingestion.metrics import Metrics
from darkroom_ingestion.settings import Settings
from tests.support.kafka import SharedKafka
from tests.support.services.ingestion import (
    DEADLINE_S,
    Pipeline,
    Service,
    accepted,
    document,
    make_pipeline,
    post,
)
from tests.support.strimzi.users.kafka_users import KafkaUsers
from tests.support.until import until

USER = "ingestion"
PASSWORD = "a password of no importance"


def test_a_fenced_consumer_is_replaced(pipeline: Pipeline, start_service: Callable[..., Service]) -> None:
    """A broker failure while the consumer rejoins has the same effect."""
    group = f"store-of-{pipeline.namespace}"
    service = start_service(pipeline, options=["--group", group])

    with member(pipeline, group, "replica"):
        until(lambda: "replacing the failed consumer" in service.log, "the service's consumer is fenced")

    image = accepted(service, pipeline)
    pipeline.analyze(image)
    until(lambda: document(service, pipeline, image["id"])["state"] == "Analyzed", "the result is in the store")
    until(service.is_ready, "the service is ready")


def test_a_producer_that_is_replaced_is_closed(kafka: SharedKafka) -> None:
    """A pipeline whose topic takes smaller batches joins: the producer of the Kafka is another one from then on."""
    connection = KafkaConnection(bootstrap_servers=kafka.bootstrap_servers)
    large, small = (
        ServedPipeline(parse_pipeline(make_pipeline(kafka.bootstrap_servers, max_bytes=size).manifest), connection)
        for size in ("1Mi", "10Ki")
    )

    async def run() -> None:
        link = Link(connection, [large], Settings(catalog=""), Metrics(), lambda _: None, lambda _: False)
        former = link.publisher
        link.serve([large, small])
        await asyncio.to_thread(until, lambda: not former.alive, "the former producer has ended")
        assert link.publisher.alive
        assert link.publisher.batch_bytes < former.batch_bytes
        await asyncio.to_thread(link.close)
        assert not link.publisher.alive

    asyncio.run(run())


def test_a_producer_that_is_not_authorised_yet_is_replaced(
    fresh_kafka: Callable[..., LocalKafka], start_service: Callable[..., Service], tmp_path: Path
) -> None:
    """A user's rights may be created after the user. Without any, Kafka's client fails permanently."""
    broker = fresh_kafka(listeners=(scram_listener(),), properties=acl_properties())
    broker.start()
    users = KafkaUsers(AdminClient({"bootstrap.servers": broker.bootstrap_servers}), DEADLINE_S)
    users.set_password(USER, PASSWORD)
    reading = {right(ResourceType.TOPIC, AclOperation.READ), right(ResourceType.GROUP, AclOperation.READ)}
    users.set_acls(USER, reading)

    pipeline = make_pipeline(broker.bootstrap_servers)
    password = tmp_path / "password"
    password.write_text(PASSWORD, encoding="utf-8")
    scram_files = {"username": USER, "passwordFile": str(password)}
    pipeline.connection = {"bootstrapServers": broker.address("SCRAM"), "scram": scram_files}
    service = start_service(pipeline, ready=False)

    def refused() -> bool:
        answer = post(service, pipeline)
        assert answer.status_code == 503
        return "Cluster authorization failed" in answer.text

    until(refused, "the reason why nothing is taken")
    until(lambda: unready(service) == {f"publisher {broker.address('SCRAM')}"}, "it says that it can't publish")

    users.set_acls(USER, reading | {right(ResourceType.TOPIC, AclOperation.WRITE)})
    until(service.is_ready, "the service is ready")
    image = until(lambda: (a := post(service, pipeline)).status_code == 202 and a.json(), "images are taken")
    assert document(service, pipeline, image["id"])["image"]["offset"] == image["offset"]


@contextmanager
def member(pipeline: Pipeline, group: str, instance: str) -> Iterator[None]:
    """A static member of a group that has partitions."""
    consumer = Consumer(
        {"bootstrap.servers": pipeline.bootstrap_servers, "group.id": group, "group.instance.id": instance}
    )
    consumer.subscribe([pipeline.images_topic])
    try:
        until(lambda: consumer.poll(0.1) or consumer.assignment(), "partitions")
        yield
    finally:
        consumer.close()


def right(kind: ResourceType, operation: AclOperation) -> AclBinding:
    """An ACL of the user for all resources of a kind."""
    pattern, permission = ResourcePatternType.LITERAL, AclPermissionType.ALLOW
    return AclBinding(kind, "*", pattern, f"User:{USER}", "*", operation, permission)


def unready(service: Service) -> set[str]:
    """The names of the failed readiness checks."""
    with service.client as client:
        return {check["name"] for check in client.get("/readyz").json()["checks"] if not check["ok"]}
