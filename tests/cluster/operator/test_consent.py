"""A Kafka in another namespace: without its consent nothing is created, and consent can be withdrawn."""

from typing import Any

from tests.support.kafka import SharedKafka
from tests.support.services.operator import CLUSTER, Site
from tests.support.strimzi.kafka_resource import KafkaListener, install_kafka
from tests.support.strimzi.stand_in import StrimziStandIn
from tests.support.until import until


def test_nothing_is_created_for_a_namespace_that_the_kafka_does_not_allow(here: Site, kafka: SharedKafka) -> None:
    _kafka_allows(here, kafka, None)
    here.stack.enter_context(StrimziStandIn(here.api, here.kafka_namespace, CLUSTER, kafka.bootstrap_servers))
    here.start_kubelet()
    here.put_model()
    here.start_operator()
    here.apply(here.manifest())
    assert (
        here.wait_reason("KafkaNotAllowed", "CredentialsReady")
        == here.wait_reason("KafkaNotAllowed")
        == (
            f"Kafka {here.kafka_namespace}/{CLUSTER} does not allow pipelines of namespace {here.namespace}: "
            "add the namespace to its annotation darkroom.dev/allowed-namespaces"
        )
    )
    assert _objects(here) == {}

    _kafka_allows(here, kafka, f"another, {here.namespace}")
    here.wait_ready()


def test_a_kafka_that_allows_the_namespace_no_longer_takes_workers_and_credentials_back(
    running: Site, kafka: SharedKafka
) -> None:
    running.apply(running.manifest())
    running.wait_ready()
    before = _objects(running)
    assert before["kafkausers"] == [f"{running.namespace}.digits.classify"]

    _kafka_allows(running, kafka, "another")
    running.wait_reason("KafkaNotAllowed")
    running.wait_gone("deployments", "digits-classify")
    until(lambda: set(_objects(running)) == {"kafkatopics"}, "only the topics stay")
    assert _objects(running)["kafkatopics"] == before["kafkatopics"]

    _kafka_allows(running, kafka, "*")
    running.wait_ready()


def test_workers_from_before_the_annotation_was_needed_go_on_but_are_not_changed(
    running: Site, kafka: SharedKafka
) -> None:
    running.apply(running.manifest())
    running.wait_ready()
    before = _objects(running)
    worker = running.find("deployments", "digits-classify")

    _kafka_allows(running, kafka, None)
    running.wait_reason("KafkaNotAllowed")
    running.change(replicas=2)
    running.wait_reason("KafkaNotAllowed")
    assert _objects(running) == before
    assert running.find("deployments", "digits-classify") == worker

    running.change(suspend=True)
    until(lambda: _replicas(running) == 0, "suspending works all the same")


def _kafka_allows(here: Site, kafka: SharedKafka, namespaces: str | None) -> None:
    listeners = [KafkaListener("plain", kafka.bootstrap_servers)]
    install_kafka(here.api, here.kafka_namespace, CLUSTER, listeners, allowed_namespaces=namespaces)


def _objects(here: Site) -> dict[str, list[str]]:
    """The names of the objects that give a pipeline work and rights, by kind."""
    found = {
        "deployments": here.names("deployments"),
        "secrets": here.names("secrets"),
        "kafkatopics": here.names("kafkatopics", here.kafka_namespace),
        "kafkausers": here.names("kafkausers", here.kafka_namespace),
    }
    return {kind: names for kind, names in found.items() if names}


def _replicas(here: Site) -> Any:
    return (here.find("deployments", "digits-classify") or {}).get("spec", {}).get("replicas")
