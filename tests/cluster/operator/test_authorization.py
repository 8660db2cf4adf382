"""Access rights: KafkaUsers have ACLs where the Kafka resource has authorization, and only there."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from darkroom_cli.local_kafka import LocalKafka, acl_properties, scram_listener
from tests.support.kafka import SharedKafka
from tests.support.services.operator import CLUSTER, Site
from tests.support.strimzi.kafka_resource import KafkaListener, install_kafka
from tests.support.topics import topics
from tests.support.until import until

NO_AUTHORIZATION = "has no spec.kafka.authorization: every user may read and write all topics"


@pytest.fixture(scope="module")
def open_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKafka]:
    """A broker with authentication and without an authorizer, which is common outside production."""
    with LocalKafka(tmp_path_factory.mktemp("open"), listeners=(scram_listener(),)) as kafka:
        yield kafka


def test_a_kafka_without_authorization_gets_users_without_acls_and_the_condition_says_so(
    here: Site, open_kafka: LocalKafka
) -> None:
    listeners = [KafkaListener("scram", open_kafka.address("SCRAM"), authentication="scram-sha-512")]
    here.start_strimzi(open_kafka.bootstrap_servers, listeners)
    here.start_kubelet()
    here.put_model()
    here.start_operator()
    here.apply(here.manifest())
    here.wait_ready()

    assert _acls(here) is None
    assert here.condition("CredentialsReady")["message"] == (
        f"every stage has its credentials; Kafka {here.kafka_namespace}/{CLUSTER} {NO_AUTHORIZATION}"
    )
    images = f"{here.namespace}.digits.images"
    assert images in _worker_admin(here).list_topics(timeout=20).topics, "a worker's credentials are accepted"

    # The broker is not changed: the operator follows the Kafka resource.
    install_kafka(here.api, here.kafka_namespace, CLUSTER, listeners, authorization="simple")
    until(lambda: _acls(here), "the users get ACLs")
    install_kafka(here.api, here.kafka_namespace, CLUSTER, listeners)
    until(lambda: _acls(here) is None, "the users have no ACLs any more")
    here.wait_ready()


def test_a_custom_authorizer_without_acl_support_is_left_to_its_administrator(
    here: Site, open_kafka: LocalKafka
) -> None:
    listeners = [KafkaListener("scram", open_kafka.address("SCRAM"), authentication="scram-sha-512")]
    here.start_strimzi(open_kafka.bootstrap_servers, listeners)
    install_kafka(here.api, here.kafka_namespace, CLUSTER, listeners, authorization="custom")
    here.start_kubelet()
    here.put_model()
    here.start_operator()
    here.apply(here.manifest())
    here.wait_ready()

    assert _acls(here) is None
    message = here.condition("CredentialsReady")["message"]
    assert "custom authorization without ACL support: give the users of the pipeline their rights there" in message


def test_a_kafka_with_authorization_enforces_the_rights_of_workers(here: Site, tmp_path: Path) -> None:
    with LocalKafka(tmp_path / "kafka", properties=acl_properties(), listeners=(scram_listener(),)) as secured:
        listeners = [KafkaListener("scram", secured.address("SCRAM"), authentication="scram-sha-512")]
        here.start_strimzi(secured.bootstrap_servers, listeners)
        install_kafka(here.api, here.kafka_namespace, CLUSTER, listeners, authorization="simple")
        here.start_kubelet()
        here.put_model()
        here.start_operator()
        here.apply(here.manifest())
        here.apply(here.manifest("other"))
        here.wait_ready()
        here.wait_ready("other")

        assert here.condition("CredentialsReady")["message"] == "every stage has its credentials"
        assert _acls(here)
        visible = _worker_admin(here).list_topics(timeout=20).topics
        assert f"{here.namespace}.digits.images" in visible
        assert f"{here.namespace}.other.images" not in visible
        assert f"{here.namespace}.other.images" in topics(secured.bootstrap_servers, f"{here.namespace}.other.images")


def test_an_operator_of_some_namespaces_asks_for_the_secrets_of_these_only(here: Site, kafka: SharedKafka) -> None:
    log = here.api_server.audit.from_now()
    here.start_all(kafka.bootstrap_servers)
    here.apply(here.manifest())
    here.wait_ready()

    asked = [request for request in log.requests(here.user) if request.resource == "secrets"]
    assert {request.namespace for request in asked} == {here.namespace, here.kafka_namespace}
    assert {request.code for request in asked} == {200}


def _acls(here: Site) -> list[object] | None:
    """The ACLs of the stage's KafkaUser; None if it has no `authorization`."""
    user = here.find("kafkausers", f"{here.namespace}.digits.classify", here.kafka_namespace) or {}
    authorization = user.get("spec", {}).get("authorization")
    return None if authorization is None else authorization["acls"]


def _worker_admin(here: Site) -> AdminClient:
    """An Admin client with the credentials of the stage's workers."""
    settings = here.find("configmaps", "digits-classify") or {}
    connection = json.loads(settings["data"]["stage.json"])["kafka"]
    secret = here.find("secrets", "digits-classify-kafka") or {}
    return AdminClient(
        {
            "bootstrap.servers": connection["bootstrapServers"],
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": connection["scram"]["username"],
            "sasl.password": base64.b64decode(secret["data"]["password"]).decode(),
        }
    )
