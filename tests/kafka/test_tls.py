"""A Kafka that asks every client for a certificate, and each of our clients with one."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from darkroom.kafka.connection import KafkaConnection, TlsFiles, TlsPem, client_settings
from darkroom.kafka.errors import KafkaUnreachable
from darkroom.kafka.features import SHARE_VERSION, finalized_features
from darkroom_cli.local_kafka import Listener, LocalKafka
from darkroom_operator.kafka.admin.connection import AdminConnection
from tests.support.services.ingestion import JPEG, Pipeline, Service, accepted, document, make_pipeline
from tests.support.services.stage import TriedStage, image_ids, samples
from tests.support.strimzi.users.certificate_authority import Certificate, CertificateAuthority
from tests.support.until import until

AUTHORITY = CertificateAuthority.create("kafka")
USER = AUTHORITY.issue("darkroom")
OTHER_AUTHORITY = CertificateAuthority.create("other")


@dataclass(frozen=True)
class Credentials:
    """The authority that a client trusts, and who it says that it is."""

    authority: CertificateAuthority = AUTHORITY
    user: Certificate | None = USER

    def in_memory(self) -> TlsPem:
        def secret(pem: bytes) -> SecretStr:
            return SecretStr(pem.decode())

        user = {} if self.user is None else {"certificate": secret(self.user.certificate), "key": secret(self.user.key)}
        return TlsPem(ca=secret(self.authority.certificate), **user)

    def in_files(self, folder: Path) -> TlsFiles:
        assert self.user is not None
        contents = {"ca": self.authority.certificate, "certificate": self.user.certificate, "key": self.user.key}
        for name, content in contents.items():
            (folder / f"{name}.pem").write_bytes(content)
        return TlsFiles(**{f"{name}_file": folder / f"{name}.pem" for name in contents})


VALID = Credentials()
WRONG_AUTHORITY = replace(VALID, authority=OTHER_AUTHORITY)


@pytest.fixture(scope="module")
def kafka_with_tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKafka]:
    server = AUTHORITY.issue("127.0.0.1", addresses=("127.0.0.1",))
    properties = {
        "ssl.client.auth": "required",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.certificate.chain": server.certificate.decode(),
        "ssl.keystore.key": server.key.decode(),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.certificates": AUTHORITY.certificate.decode(),
    }
    listener = Listener("TLS", protocol="SSL", properties=properties)
    with LocalKafka(tmp_path_factory.mktemp("tls"), listeners=(listener,)) as kafka:
        yield kafka


@pytest.fixture
def pipeline(kafka_with_tls: LocalKafka) -> Pipeline:
    return make_pipeline(kafka_with_tls.bootstrap_servers)


def test_the_operator_connects(kafka_with_tls: LocalKafka) -> None:
    connection = KafkaConnection(bootstrap_servers=kafka_with_tls.address("TLS"), tls=VALID.in_memory())
    AdminConnection(client_settings(connection, "test")).wait_until_connected()


def test_features_are_read_with_a_certificate_in_files(kafka_with_tls: LocalKafka, tmp_path: Path) -> None:
    servers = kafka_with_tls.address("TLS")
    connection = KafkaConnection(bootstrap_servers=servers, tls=VALID.in_files(tmp_path))
    assert finalized_features(servers, client_settings(connection, "test"), 10.0)[SHARE_VERSION] == 1


@pytest.mark.parametrize(
    ("credentials", "words"),
    [
        (WRONG_AUTHORITY, "certificate verify failed"),
        (replace(VALID, user=OTHER_AUTHORITY.issue("darkroom")), "certificate required"),
        (replace(VALID, user=None), "certificate required"),
    ],
)
def test_the_operator_says_what_is_wrong_with_a_certificate(
    kafka_with_tls: LocalKafka, credentials: Credentials, words: str
) -> None:
    servers = kafka_with_tls.address("TLS")
    connection = KafkaConnection(bootstrap_servers=servers, tls=credentials.in_memory())
    with pytest.raises(KafkaUnreachable, match=f"{servers}: TLS failed: .*{words}"):
        AdminConnection(client_settings(connection, "test")).wait_until_connected()


def _service(folder: Path, pipeline: Pipeline, servers: str, credentials: Credentials) -> Service:
    tls = credentials.in_memory()
    pems = {name: secret.get_secret_value() for name, secret in tls if secret is not None}
    pipeline.connection = {"bootstrapServers": servers, "tls": pems}
    return Service(folder, [pipeline])


def test_the_ingestion_service_connects(kafka_with_tls: LocalKafka, pipeline: Pipeline, tmp_path: Path) -> None:
    service = _service(tmp_path, pipeline, kafka_with_tls.address("TLS"), VALID)
    try:
        service.start()
        image = accepted(service, pipeline)
        pipeline.analyze(image)
        until(lambda: document(service, pipeline, image["id"])["state"] == "Analyzed", "the result is stored")
        with service.client as client:
            assert client.get(f"{pipeline.path}/images/{image['id']}/content").content == JPEG
    finally:
        service.kill()


def test_the_ingestion_service_says_what_is_wrong_with_a_certificate(
    kafka_with_tls: LocalKafka, pipeline: Pipeline, tmp_path: Path
) -> None:
    service = _service(tmp_path, pipeline, kafka_with_tls.address("TLS"), WRONG_AUTHORITY)
    try:
        service.start(ready=False)
        with service.client as client:
            until(lambda: "certificate verify failed" in client.get("/readyz").json()["detail"], "readiness says so")
    finally:
        service.kill()


def test_a_worker_connects(kafka_with_tls: LocalKafka, tmp_path: Path) -> None:
    connection = KafkaConnection(bootstrap_servers=kafka_with_tls.address("TLS"), tls=VALID.in_files(tmp_path))
    with closing(TriedStage(kafka_with_tls.bootstrap_servers, tmp_path, connection=connection)) as stage:
        stage.worker().ready()
        stage.send([("i1", b"k", samples()[0])])
        assert image_ids(stage.results(lambda found: len(found) == 1)) == ["i1"]


def test_a_worker_says_what_is_wrong_with_a_certificate(kafka_with_tls: LocalKafka, tmp_path: Path) -> None:
    tls = WRONG_AUTHORITY.in_files(tmp_path)
    connection = KafkaConnection(bootstrap_servers=kafka_with_tls.address("TLS"), tls=tls)
    with closing(TriedStage(kafka_with_tls.bootstrap_servers, tmp_path, connection=connection)) as stage:
        worker = stage.worker()
        until(lambda: "certificate verify failed" in worker.said(), "its log names the certificate")
