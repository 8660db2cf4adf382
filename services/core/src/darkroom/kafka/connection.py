"""How to reach a Kafka: addresses, encryption and credentials, and what librdkafka calls them."""

from pathlib import Path
from typing import Literal

from darkroom.api.pipeline import Model
from darkroom.errors import DarkroomError

ClientSettings = dict[str, str | int | float | bool]

SCRAM_MECHANISM = "SCRAM-SHA-512"


class TlsFiles(Model):
    """Encryption: files in PEM. The system's certificate authorities are trusted when `ca_file` is left out."""

    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None


class Scram(Model):
    """A user and the file that holds the password, so that no settings document holds a secret."""

    username: str | None = None
    username_file: Path | None = None
    password_file: Path


class KafkaConnection(Model):
    """Everything a client needs to reach a Kafka."""

    bootstrap_servers: str
    tls: TlsFiles | None = None
    scram: Scram | None = None

    @property
    def security_protocol(self) -> Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]:
        """Kafka's name for what `tls` and `scram` ask for."""
        if self.scram is not None:
            return "SASL_PLAINTEXT" if self.tls is None else "SASL_SSL"
        return "PLAINTEXT" if self.tls is None else "SSL"


class UnreadableCredentials(DarkroomError):
    """A file of the connection's credentials can't be read."""


def client_settings(connection: KafkaConnection, client_id: str) -> ClientSettings:
    """Librdkafka's settings that every client of `connection` shares.

    Raises:
        UnreadableCredentials: a password or user name file is missing or not readable.
    """
    settings: ClientSettings = {
        "bootstrap.servers": connection.bootstrap_servers,
        "client.id": client_id,
        "security.protocol": connection.security_protocol,
        "socket.keepalive.enable": True,
        "reconnect.backoff.ms": 100,
        "reconnect.backoff.max.ms": 5_000,
        # A broker that comes back is found again within seconds rather than at the next full refresh.
        "topic.metadata.refresh.interval.ms": 30_000,
        "log_level": 4,
    }
    if connection.tls is not None:
        files = {
            "ssl.ca.location": connection.tls.ca_file,
            "ssl.certificate.location": connection.tls.certificate_file,
            "ssl.key.location": connection.tls.key_file,
        }
        settings |= {key: str(path) for key, path in files.items() if path is not None}
    if connection.scram is not None:
        scram = connection.scram
        settings |= {
            "sasl.mechanism": SCRAM_MECHANISM,
            "sasl.username": scram.username or _secret(scram.username_file),
            "sasl.password": _secret(scram.password_file),
        }
    return settings


def producer_settings(
    connection: KafkaConnection, client_id: str, *, max_message_bytes: int, linger_ms: float = 5
) -> ClientSettings:
    """Settings of a producer that loses nothing: idempotent, acknowledged by every in-sync replica.

    Args:
        connection: where to.
        client_id: the name that the brokers' logs and metrics show.
        max_message_bytes: the largest record that will be produced.
        linger_ms: how long a record may wait for company.
    """
    return client_settings(connection, client_id) | {
        "acks": "all",
        "enable.idempotence": True,
        "linger.ms": linger_ms,
        # Java's default: a key has one partition, whichever client produced the record.
        "partitioner": "murmur2_random",
        # The client counts the record with its overhead, before any compression.
        "message.max.bytes": max(max_message_bytes, 1_000_000),
        "compression.type": "none",
    }


def consumer_settings(
    connection: KafkaConnection, client_id: str, *, group: str, max_message_bytes: int
) -> ClientSettings:
    """Settings of a consumer that decides itself when an offset is committed, and sees only committed transactions."""
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
        raise UnreadableCredentials("kafka credentials: a user name or the file that holds it must be given")
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise UnreadableCredentials(f"kafka credentials: {path} can't be read: {error.strerror}") from error
