"""Connection to a Kafka cluster: addresses, encryption and credentials, and the librdkafka settings for them."""

from pathlib import Path
from typing import Literal

from pydantic import SecretStr

from darkroom.errors import DarkroomError
from darkroom.schema import StrictModel

ClientSettings = dict[str, str | int | float | bool]

SCRAM_MECHANISM = "SCRAM-SHA-512"


class TlsFiles(StrictModel):
    """TLS files in PEM. Without `ca_file`, the system's trust store is used."""

    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None


class TlsPem(StrictModel):
    """TLS with PEM in memory, for credentials that are not in files."""

    ca: SecretStr | None = None
    certificate: SecretStr | None = None
    key: SecretStr | None = None


class Scram(StrictModel):
    """SCRAM credentials. The password is in a file, so that settings documents hold no secrets."""

    username: str | None = None
    username_file: Path | None = None
    password_file: Path


class ScramInMemory(StrictModel):
    """SCRAM credentials in memory, for credentials that are not in files."""

    username: str
    password: SecretStr


class KafkaConnection(StrictModel):
    """Everything that a client needs to connect to a Kafka cluster."""

    bootstrap_servers: str
    tls: TlsFiles | TlsPem | None = None
    scram: Scram | ScramInMemory | None = None

    @property
    def security_protocol(self) -> Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]:
        """Kafka's security protocol for `tls` and `scram`."""
        if self.scram is not None:
            return "SASL_PLAINTEXT" if self.tls is None else "SASL_SSL"
        return "PLAINTEXT" if self.tls is None else "SSL"


class UnreadableCredentials(DarkroomError):
    """A credentials file can't be read."""


def client_settings(connection: KafkaConnection, client_id: str) -> ClientSettings:
    """The librdkafka settings of every client of `connection`.

    Raises:
        UnreadableCredentials: the user name or password file can't be read.
    """
    settings: ClientSettings = {
        "bootstrap.servers": connection.bootstrap_servers,
        "client.id": client_id,
        "security.protocol": connection.security_protocol,
        "socket.keepalive.enable": True,
        "reconnect.backoff.ms": 100,
        "reconnect.backoff.max.ms": 5_000,
        # Finds a restarted broker within seconds instead of at the next full refresh.
        "topic.metadata.refresh.interval.ms": 30_000,
        "log_level": 4,
    }
    return settings | _tls_settings(connection.tls) | _scram_settings(connection.scram)


def _tls_settings(tls: TlsFiles | TlsPem | None) -> ClientSettings:
    match tls:
        case None:
            return {}
        case TlsPem():
            pem = {"ssl.ca.pem": tls.ca, "ssl.certificate.pem": tls.certificate, "ssl.key.pem": tls.key}
            return {key: text.get_secret_value() for key, text in pem.items() if text is not None}
        case TlsFiles():
            files = {
                "ssl.ca.location": tls.ca_file,
                "ssl.certificate.location": tls.certificate_file,
                "ssl.key.location": tls.key_file,
            }
            return {key: str(path) for key, path in files.items() if path is not None}


def _scram_settings(scram: Scram | ScramInMemory | None) -> ClientSettings:
    if scram is None:
        return {}
    if isinstance(scram, ScramInMemory):
        username, password = scram.username, scram.password.get_secret_value()
    else:
        username, password = scram.username or _secret(scram.username_file), _secret(scram.password_file)
    return {"sasl.mechanism": SCRAM_MECHANISM, "sasl.username": username, "sasl.password": password}


def producer_settings(
    connection: KafkaConnection, client_id: str, *, max_message_bytes: int, linger_ms: float = 5
) -> ClientSettings:
    """Settings of an idempotent producer whose records every in-sync replica acknowledges.

    Args:
        connection: the Kafka cluster.
        client_id: the name in the brokers' logs and metrics.
        max_message_bytes: the largest record to produce.
        linger_ms: how long to wait for more records before sending a batch.
    """
    return client_settings(connection, client_id) | {
        "acks": "all",
        "enable.idempotence": True,
        "linger.ms": linger_ms,
        # Java's default, so that all clients produce a key to the same partition.
        "partitioner": "murmur2_random",
        # librdkafka counts the record with its overhead, before compression.
        "message.max.bytes": max(max_message_bytes, 1_000_000),
        "compression.type": "none",
    }


def consumer_settings(
    connection: KafkaConnection, client_id: str, *, group: str, max_message_bytes: int
) -> ClientSettings:
    """Settings of a consumer that commits offsets explicitly and reads only committed transactions."""
    fetch_bytes = max(max_message_bytes, 1_048_576)
    return client_settings(connection, client_id) | {
        "group.id": group,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "earliest",
        "isolation.level": "read_committed",
        "fetch.message.max.bytes": fetch_bytes,
        "fetch.max.bytes": max(fetch_bytes, 16 * 1_048_576),
        "receive.message.max.bytes": max(fetch_bytes, 16 * 1_048_576) + 1_048_576,
    }


def _secret(path: Path | None) -> str:
    if path is None:
        raise UnreadableCredentials("kafka credentials: set username or username_file")
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise UnreadableCredentials(f"kafka credentials: {path} can't be read: {error.strerror}") from error
