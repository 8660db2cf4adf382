"""A Kafka that Strimzi does not manage: topics through its Admin API, credentials from the user's Secrets."""

import base64
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from darkroom_cli.local_kafka import Listener, LocalKafka, scram_listener
from tests.support.kafka import SharedKafka
from tests.support.services.operator import Site
from tests.support.topics import read, topics, write
from tests.support.until import until


@pytest.fixture
def running(here: Site) -> Site:
    """A site with nodes, a model and an operator, and no Strimzi."""
    here.start_kubelet()
    here.put_model()
    here.start_operator()
    return here


@pytest.fixture(scope="module")
def scram_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKafka]:
    """A broker with a listener that requires a login, and one whose advertised host name does not exist."""
    listeners = (scram_listener(), Listener("UNREACHABLE", advertised="no..such.host:9092"))
    with LocalKafka(tmp_path_factory.mktemp("scram"), listeners=listeners) as kafka:
        yield kafka


def test_topics_are_created_extended_and_configured(running: Site, kafka: SharedKafka) -> None:
    servers = kafka.bootstrap_servers
    running.apply(running.manifest(kafka={"bootstrapServers": servers}))
    status = running.wait_ready()["status"]
    assert {c["type"]: c["reason"] for c in status["conditions"]}["CredentialsReady"] == "NotNeeded"
    images = f"{running.namespace}.digits.images"
    assert topics(servers, images)[images].partitions == 2

    running.change(images={"partitions": 3, "config": {"retention.bytes": 1048576}})

    until(lambda: topics(servers, images)[images].partitions == 3, "the topic has grown")
    until(
        lambda: topics(servers, images)[images].config.get("retention.bytes") == "1048576",
        "the topic is configured",
    )
    running.wait_ready()


def test_topics_are_kept_unless_the_deletion_policy_is_delete(running: Site, kafka: SharedKafka) -> None:
    servers = kafka.bootstrap_servers
    for name, policy in (("kept", "Retain"), ("gone", "Delete")):
        running.apply(running.manifest(name, kafka={"bootstrapServers": servers}, deletionPolicy=policy))
    for name in ("kept", "gone"):
        running.wait_ready(name)
    kept, gone = (f"{running.namespace}.{name}.images" for name in ("kept", "gone"))
    write(servers, kept, b"an image")

    for name in ("kept", "gone"):
        running.api.delete(running.path("imagepipelines", name))
        running.wait_gone("imagepipelines", name)

    until(lambda: gone not in topics(servers, gone), "the topic is gone")
    assert read(servers, kept) == [b"an image"]


def test_topics_of_a_removed_stage_are_deleted_with_policy_delete(running: Site, kafka: SharedKafka) -> None:
    servers = kafka.bootstrap_servers
    for name, policy in (("kept", "Retain"), ("gone", "Delete")):
        manifest = running.manifest(
            name, stages=["classify", "embed"], kafka={"bootstrapServers": servers}, deletionPolicy=policy
        )
        running.apply(manifest)
        running.wait_ready(name)
        manifest["spec"]["stages"].pop()
        running.apply(manifest)
        running.wait_gone("deployments", f"{name}-embed")
    kept, gone = (f"{running.namespace}.{name}.embed.results" for name in ("kept", "gone"))
    until(lambda: gone not in topics(servers, gone), "the topic is gone")
    until(lambda: running.wait_ready("gone")["status"]["stagesReady"] == "1/1", "one stage is left")
    assert kept in topics(servers, kept)


def test_an_unreachable_kafka_is_reported_and_delays_no_other_pipeline(
    running: Site, kafka: SharedKafka, scram_kafka: LocalKafka
) -> None:
    _secret(running, "user", {"username": "me", "password": "wrong"})
    login = {"type": "ScramSha512", "secret": {"name": "user"}}
    with _silent_server() as silent:
        expected = {
            "resolve": (
                {"bootstrapServers": "no..such.host:9092"},
                "no..such.host:9092: the host name cannot be resolved",
            ),
            "refused": ({"bootstrapServers": "127.0.0.1:1"}, "127.0.0.1:1: connection refused"),
            "two": (
                {"bootstrapServers": "127.0.0.1:1,no..such.host:9092"},
                "127.0.0.1:1: connection refused; no..such.host:9092: the host name cannot be resolved",
            ),
            "tls": (
                {"bootstrapServers": kafka.bootstrap_servers, "tls": {}},
                f"{kafka.bootstrap_servers}: TLS failed: ",
            ),
            "login": (
                {"bootstrapServers": scram_kafka.address("SCRAM"), "authentication": login},
                f"{scram_kafka.address('SCRAM')}: login failed: SASL authentication error: ",
            ),
            "silent": ({"bootstrapServers": silent}, f"no Kafka broker responds at {silent}: check the address"),
            "advertised": (
                {"bootstrapServers": scram_kafka.address("UNREACHABLE")},
                "no..such.host:9092: the host name cannot be resolved",
            ),
        }
        for name, (access, _) in expected.items():
            running.apply(running.manifest(name, kafka=access))
        running.apply(running.manifest("fine", kafka={"bootstrapServers": kafka.bootstrap_servers}))

        running.wait_ready("fine")
        for name, (_, words) in expected.items():
            message = running.wait_reason("KafkaUnreachable", "TopicsReady", name)
            assert words in message, name
            assert message.endswith(("; trying again", "; still trying")), name
        assert running.names("deployments") == ["fine-classify"]


def test_a_kafka_that_comes_back_is_found(running: Site, fresh_kafka: Callable[..., LocalKafka]) -> None:
    broker = fresh_kafka()
    servers = broker.bootstrap_servers
    broker.stop()
    running.apply(running.manifest(kafka={"bootstrapServers": servers}))
    assert f"{servers}: connection refused" in running.wait_reason("KafkaUnreachable", "TopicsReady")
    broker.start()
    running.wait_ready(timeout_s=90)


def test_a_deletion_that_cannot_reach_kafka_says_how_to_skip_the_topics(running: Site) -> None:
    running.apply(running.manifest(kafka={"bootstrapServers": "127.0.0.1:1"}, deletionPolicy="Delete"))
    running.wait_reason("KafkaUnreachable", "TopicsReady")

    running.api.delete(running.path("imagepipelines", "digits"))

    until(lambda: "not deleted yet" in running.wait_reason("KafkaUnreachable"), "the status explains the delay", 40.0)
    message = running.wait_reason("KafkaUnreachable")
    assert "127.0.0.1:1: connection refused" in message
    assert message.endswith("set spec.deletionPolicy to Retain to delete the pipeline without its topics")

    running.change(deletionPolicy="Retain")
    running.wait_gone("imagepipelines", "digits")


def test_a_certificate_that_is_not_pem_is_named(running: Site) -> None:
    _secret(running, "ca", {"ca.crt": "no certificate"})
    running.apply(running.manifest(kafka={"bootstrapServers": "127.0.0.1:1", "tls": {"caSecret": {"name": "ca"}}}))
    message = running.wait_reason("KafkaRefused", "TopicsReady")
    assert "ssl.ca.pem: not in PEM format" in message
    assert not message.startswith("KafkaError{")


def test_a_missing_secret_is_named_and_found_when_it_appears(running: Site, kafka: SharedKafka) -> None:
    # The shared broker requires no credentials and must not get any, so this Kafka is never reached.
    access = {
        "bootstrapServers": "127.0.0.1:1",
        "tls": {"caSecret": {"name": "ca"}},
        "authentication": {"type": "ScramSha512", "secret": {"name": "user"}},
    }
    running.apply(running.manifest(kafka=access))
    message = running.wait_reason("SecretNotFound", "CredentialsReady")
    assert message == f"there is no Secret ca in namespace {running.namespace}: create it"

    _secret(running, "ca", {"ca.crt": "x"})
    _secret(running, "user", {"username": "me"})
    message = running.wait_reason("SecretKeyNotFound", "CredentialsReady")
    assert message == f"Secret {running.namespace}/user has no key password: add it"

    _secret(running, "user", {"username": "me", "password": "secret"})
    until(lambda: running.condition("CredentialsReady").get("status") == "True", "the credentials are there", 40.0)


def test_a_password_that_is_not_text_is_named(running: Site) -> None:
    encoded = {"username": base64.b64encode(b"me").decode(), "password": base64.b64encode(b"\xff\xfe").decode()}
    manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "user"}, "data": encoded}
    running.api.apply(running.path("secrets", "user"), manifest)
    login = {"type": "ScramSha512", "secret": {"name": "user"}}
    running.apply(running.manifest(kafka={"bootstrapServers": "127.0.0.1:1", "authentication": login}))
    message = running.wait_reason("SecretKeyInvalid", "CredentialsReady")
    assert message == f"Secret {running.namespace}/user: the value of key password is not UTF-8 text"


@contextmanager
def _silent_server() -> Iterator[str]:
    """The address of a server that accepts connections and never responds."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def _secret(running: Site, name: str, data: dict[str, str]) -> None:
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": encoded}
    running.api.apply(running.path("secrets", name), manifest)
