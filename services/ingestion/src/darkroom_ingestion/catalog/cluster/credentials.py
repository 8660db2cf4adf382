"""The service's credentials for the Kafka clusters: where they are stored, and connections that use them."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError

from darkroom.errors import DarkroomError
from darkroom.kafka.connection import KafkaConnection, ScramInMemory, TlsPem
from darkroom.kafka.strimzi import Listener
from darkroom.schema import StrictModel

CA, USERNAME, PASSWORD = "ca.crt", "username", "password"
CERTIFICATE, PRIVATE_KEY = "user.crt", "user.key"
_FILES = (CA, USERNAME, PASSWORD, CERTIFICATE, PRIVATE_KEY)

Content = Mapping[str, bytes]


class BadCredentials(DarkroomError):
    """The document that lists the service's Kafka credentials can't be read."""


class StrimziUser(StrictModel):
    """The service's KafkaUser in the Strimzi cluster `name`. Its Secret is in the same namespace."""

    name: str
    namespace: str
    user: str
    secret: str | None = None

    @property
    def secret_name(self) -> str:
        """The Secret that the User Operator creates for the KafkaUser."""
        return self.secret or self.user


class OtherKafka(StrictModel):
    """A Kafka cluster without Strimzi, and the folder with the service's credentials (a mounted Secret)."""

    bootstrap_servers: str
    folder: Path
    tls: bool = False


class KafkaCredentials(StrictModel):
    """The Kafka clusters that require credentials."""

    clusters: list[StrimziUser] = Field(default_factory=list)
    others: list[OtherKafka] = Field(default_factory=list)

    def cluster(self, namespace: str, name: str) -> StrimziUser | None:
        """The service's user in a Strimzi cluster; None if there is none."""
        return next((user for user in self.clusters if (user.namespace, user.name) == (namespace, name)), None)

    def other(self, bootstrap_servers: str) -> OtherKafka | None:
        """The credentials for another Kafka cluster. The servers must match exactly: no pipeline can redirect them."""
        return next((kafka for kafka in self.others if kafka.bootstrap_servers == bootstrap_servers), None)


def read_credentials(path: Path | None) -> KafkaCredentials:
    """The document at `path`; no credentials if `path` is None.

    Raises:
        BadCredentials: the file can't be read, or its content is invalid.
    """
    if path is None:
        return KafkaCredentials()
    try:
        return KafkaCredentials.model_validate_json(path.read_bytes())
    except OSError as error:
        raise BadCredentials(f"kafka credentials {path} can't be read: {error.strerror}") from error
    except ValidationError as error:
        raise BadCredentials(
            f"kafka credentials {path}: {error.errors()[0]['loc']}: {error.errors()[0]['msg']}"
        ) from None


def strimzi_connection(listener: Listener, user: str, ca: Content, secret: Content) -> KafkaConnection:
    """The connection to a listener as `user`, with the content of the cluster's CA Secret and of the user's Secret."""
    wanted = {CA} if listener.tls else set()
    wanted |= {"scram-sha-512": {PASSWORD}, "tls": {CERTIFICATE, PRIVATE_KEY}, None: set[str]()}[
        listener.authentication
    ]
    content = {name: value for name, value in {**secret, **ca}.items() if name in wanted}
    return _connection(listener.bootstrap_servers, content, tls=listener.tls, username=user)


def other_connection(kafka: OtherKafka) -> KafkaConnection:
    """The connection to a Kafka cluster with the current credentials in its folder.

    Raises:
        OSError: a file can't be read.
        ValueError: a file is not text, or there is a password without a user name.
    """
    content = {name: (kafka.folder / name).read_bytes() for name in _FILES if (kafka.folder / name).is_file()}
    username = content[USERNAME].decode().strip() if USERNAME in content else None
    return _connection(kafka.bootstrap_servers, content, tls=kafka.tls, username=username)


def _connection(bootstrap_servers: str, content: Content, *, tls: bool, username: str | None) -> KafkaConnection:
    """Credentials stay in memory. Renewed credentials make a different connection."""
    text = {name: SecretStr(value.decode().strip()) for name, value in content.items()}
    scram = None
    if (password := text.get(PASSWORD)) is not None:
        if not username:
            raise ValueError("there is a password and no username")
        scram = ScramInMemory(username=username, password=password)
    return KafkaConnection(
        bootstrap_servers=bootstrap_servers,
        tls=TlsPem(ca=text.get(CA), certificate=text.get(CERTIFICATE), key=text.get(PRIVATE_KEY)) if tls else None,
        scram=scram,
    )
