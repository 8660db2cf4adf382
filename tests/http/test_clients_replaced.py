"""A Kafka client that can't go on is replaced: the service goes on without a restart."""

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
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from darkroom_cli.local_kafka import LocalKafka, acl_properties, scram_listener
from tests.support.ingestion import (
    DEADLINE_S,
    Pipeline,
    Service,
    accepted,
    document,
    eventually,
    make_pipeline,
    post,
)

USER = "ingestion"
PASSWORD = "a password of no importance"


def test_a_consumer_that_is_taken_for_its_successor_is_replaced(
    pipeline: Pipeline, start_service: Callable[..., Service]
) -> None:
    """A broker that goes away while the consumer joins anew does the same to it."""
    group = f"store-of-{pipeline.namespace}"
    service = start_service(pipeline, options=["--group", group])

    with member(pipeline, group, "replica"):
        eventually(lambda: "the consumer can't go on" in service.log, "the service's consumer is fenced")

    image = accepted(service, pipeline)
    pipeline.analyze(image)
    eventually(lambda: document(service, pipeline, image["id"])["state"] == "Analyzed", "the result is in the store")
    eventually(service.is_ready, "the service is ready")


def test_a_producer_that_may_not_write_yet_is_replaced(
    fresh_kafka: Callable[..., LocalKafka], start_service: Callable[..., Service], tmp_path: Path
) -> None:
    """A user's rights may come after the user: Kafka's client gives up for good when it has none to write anything."""
    broker = fresh_kafka(listeners=(scram_listener(),), properties=acl_properties())
    broker.start()
    admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers})
    scram = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, iterations=4096)
    user = UserScramCredentialUpsertion(USER, scram, PASSWORD.encode())
    admin.alter_user_scram_credentials([user])[USER].result(DEADLINE_S)
    allow(admin, ResourceType.TOPIC, AclOperation.READ)
    allow(admin, ResourceType.GROUP, AclOperation.READ)

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

    eventually(refused, "the reason why nothing is taken")
    eventually(lambda: unready(service) == {f"publisher {broker.address('SCRAM')}"}, "it says that it can't publish")

    allow(admin, ResourceType.TOPIC, AclOperation.WRITE)
    eventually(service.is_ready, "the service is ready")
    image = eventually(lambda: (a := post(service, pipeline)).status_code == 202 and a.json(), "images are taken")
    assert document(service, pipeline, image["id"])["image"]["offset"] == image["offset"]


@contextmanager
def member(pipeline: Pipeline, group: str, instance: str) -> Iterator[None]:
    """A static member of a group, once it has partitions."""
    consumer = Consumer(
        {"bootstrap.servers": pipeline.bootstrap_servers, "group.id": group, "group.instance.id": instance}
    )
    consumer.subscribe([pipeline.images_topic])
    try:
        eventually(lambda: consumer.poll(0.1) or consumer.assignment(), "partitions")
        yield
    finally:
        consumer.close()


def allow(admin: AdminClient, kind: ResourceType, operation: AclOperation) -> None:
    """Give the user a right to everything of a kind."""
    pattern, permission = ResourcePatternType.LITERAL, AclPermissionType.ALLOW
    acl = AclBinding(kind, "*", pattern, f"User:{USER}", "*", operation, permission)
    (made,) = admin.create_acls([acl]).values()
    made.result(DEADLINE_S)


def unready(service: Service) -> set[str]:
    """The names of what keeps the service from being ready."""
    with service.client as client:
        return {check["name"] for check in client.get("/readyz").json()["checks"] if not check["ok"]}
