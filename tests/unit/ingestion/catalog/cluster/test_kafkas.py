"""The connection of the ingestion service to a pipeline's Kafka, and the errors."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from darkroom.api.validation import parse_pipeline
from darkroom.kafka.connection import KafkaConnection, client_settings
from darkroom.kafka.consent import ALLOWED_NAMESPACES
from darkroom_ingestion.catalog.cluster.credentials import (
    BadCredentials,
    KafkaCredentials,
    OtherKafka,
    StrimziUser,
    read_credentials,
)
from darkroom_ingestion.catalog.cluster.kafkas import KafkaNotKnown, Kafkas
from darkroom_ingestion.catalog.cluster.secrets import KnownSecret
from tests.support.manifests import pipeline_manifest

USER = StrimziUser(name="events", namespace="kafka", user="darkroom-ingestion")


def kafka(
    *, tls: bool = True, authentication: str | None = "scram-sha-512", told: bool = True, allowed: str | None = "demo"
) -> dict[str, Any]:
    """A Kafka resource with one listener, which allows the namespaces `allowed`."""
    listener: dict[str, Any] = {"name": "clients", "port": 9094, "type": "internal", "tls": tls}
    if authentication:
        listener["authentication"] = {"type": authentication}
    status = {"listeners": [{"name": "clients", "bootstrapServers": "events-kafka-bootstrap.kafka.svc:9094"}]}
    annotations = {} if allowed is None else {ALLOWED_NAMESPACES: allowed}
    return {
        "metadata": {"name": "events", "namespace": "kafka", "annotations": annotations},
        "spec": {"kafka": {"listeners": [listener]}},
        "status": status if told else {},
    }


def secret(name: str, **content: bytes) -> KnownSecret:
    keys = {key.replace("_", "."): value for key, value in content.items()}
    return cast("KnownSecret", SimpleNamespace(name=name, content=keys, problem=None if keys else "it does not exist"))


SECRETS = [
    secret("kafka/darkroom-ingestion", password=b"hunter2", user_crt=b"certificate", user_key=b"key"),
    secret("kafka/events-cluster-ca-cert", ca_crt=b"authority"),
]


def connection(
    resource: dict[str, Any] | None,
    *,
    users: list[StrimziUser] | None = None,
    others: list[OtherKafka] | None = None,
    secrets: list[KnownSecret] = SECRETS,
    **spec: Any,
) -> KafkaConnection:
    credentials = KafkaCredentials(clusters=users if users is not None else [USER], others=others or [])
    kafkas = Kafkas(credentials, {secret.name: secret for secret in secrets})
    connect = kafkas.with_resources({"kafka/events": resource} if resource else {})
    return connect(parse_pipeline(pipeline_manifest(**spec)))


def test_a_kafka_that_does_not_allow_the_namespace_is_not_connected_to() -> None:
    with pytest.raises(
        KafkaNotKnown, match="kafka/events does not allow pipelines of namespace demo: add the namespace"
    ):
        connection(kafka(allowed="team-*"))
    assert connection(kafka(allowed=None)) == connection(kafka(allowed="*"))


def test_a_strimzi_kafka_with_passwords_and_encryption() -> None:
    settings = client_settings(connection(kafka()), "test")
    assert settings["bootstrap.servers"] == "events-kafka-bootstrap.kafka.svc:9094"
    assert settings["security.protocol"] == "SASL_SSL"
    assert (settings["sasl.username"], settings["sasl.password"]) == ("darkroom-ingestion", "hunter2")
    assert settings["ssl.ca.pem"] == "authority"


def test_a_strimzi_kafka_with_client_certificates() -> None:
    settings = client_settings(connection(kafka(authentication="tls")), "test")
    assert settings["security.protocol"] == "SSL"
    assert (settings["ssl.certificate.pem"], settings["ssl.key.pem"]) == ("certificate", "key")
    assert "sasl.password" not in settings


def test_a_strimzi_kafka_that_asks_for_nothing_needs_no_entry() -> None:
    assert connection(kafka(tls=False, authentication=None), users=[]).security_protocol == "PLAINTEXT"


@pytest.mark.parametrize(
    ("resource", "rest", "words"),
    [
        (None, {}, "there is no Kafka kafka/events"),
        (kafka(told=False), {}, "has no address"),
        (kafka(), {"users": []}, r"add \{name: events, namespace: kafka\} to ingestion.kafka.clusters"),
        (
            kafka(),
            {"secrets": [secret("kafka/darkroom-ingestion"), SECRETS[1]]},
            "Secret kafka/darkroom-ingestion can't",
        ),
        (kafka(), {"secrets": [secret("kafka/darkroom-ingestion", x=b"1"), SECRETS[1]]}, "has no key password"),
    ],
)
def test_missing_objects_are_reported(resource: dict[str, Any] | None, rest: dict[str, Any], words: str) -> None:
    with pytest.raises(KafkaNotKnown, match=words):
        connection(resource, **rest)


def test_another_kafka_that_asks_for_nothing_is_reached_as_the_pipeline_says() -> None:
    assert connection(None, kafka={"bootstrapServers": "b:9092"}) == KafkaConnection(bootstrap_servers="b:9092")


def test_credentials_are_used_only_for_their_servers(tmp_path: Path) -> None:
    (tmp_path / "username").write_text("us")
    (tmp_path / "password").write_text("secret")
    ours = [OtherKafka(bootstrap_servers="ours:9093", folder=tmp_path, tls=True)]
    asks = {"authentication": {"type": "ScramSha512", "secret": {"name": "theirs"}}}

    settings = client_settings(connection(None, others=ours, kafka={"bootstrapServers": "ours:9093", **asks}), "test")
    assert (settings["security.protocol"], settings["sasl.password"]) == ("SASL_SSL", "secret")

    with pytest.raises(KafkaNotKnown, match=r"ingestion\.kafka\.others"):
        connection(None, others=ours, kafka={"bootstrapServers": "elsewhere:9093", **asks})


def test_renewed_credentials_make_another_connection(tmp_path: Path) -> None:
    ours = KafkaCredentials(others=[OtherKafka(bootstrap_servers="ours:9093", folder=tmp_path)])
    connect = lambda: Kafkas(ours, {}).with_resources({})(  # noqa: E731
        parse_pipeline(pipeline_manifest(kafka={"bootstrapServers": "ours:9093"}))
    )
    (tmp_path / "username").write_text("us")
    (tmp_path / "password").write_text("old")
    old, same = connect(), connect()
    (tmp_path / "password").write_text("new")
    new = connect()
    assert old == same != new
    assert client_settings(new, "test")["sasl.password"] == "new"
    assert client_settings(old, "test")["sasl.password"] == "old"


def test_credentials_are_in_no_file_and_in_no_log_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for found in (connection(kafka()), connection(kafka(authentication="tls"))):
        client_settings(found, "test")
        for shown in (repr(found), str(found), found.model_dump_json()):
            assert not {"hunter2", "certificate'", "key'", "authority"} & set(shown.replace('"', " ").split())
            assert "hunter2" not in shown
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("files", "words"), [({"password": b"x"}, "no username"), ({"ca.crt": b"\xff"}, "can't be read")]
)
def test_credentials_that_make_no_sense_are_no_reason_to_end(
    tmp_path: Path, files: dict[str, bytes], words: str
) -> None:
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    ours = [OtherKafka(bootstrap_servers="ours:9093", folder=tmp_path, tls=True)]
    with pytest.raises(KafkaNotKnown, match=words):
        connection(None, others=ours, kafka={"bootstrapServers": "ours:9093"})


def test_a_credentials_document_that_makes_no_sense_is_refused(tmp_path: Path) -> None:
    document = tmp_path / "credentials.json"
    with pytest.raises(BadCredentials, match="No such file"):
        read_credentials(document)
    document.write_text(json.dumps({"clusters": [{"name": "events"}]}))
    with pytest.raises(BadCredentials, match="namespace"):
        read_credentials(document)
