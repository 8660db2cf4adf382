"""The service's credentials at the Kafkas of a cluster: where they are, and connections with them."""

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
    """The document that says where our credentials are can't be read."""


class StrimziUser(StrictModel):
    """Our KafkaUser at the Kafka `name` that Strimzi runs. `secret` is in the same namespace."""

    name: str
    namespace: str
    user: str
    secret: str | None = None

    @property
    def secret_name(self) -> str:
        """The Secret that the User Operator keeps for our KafkaUser."""
        return self.secret or self.user


class OtherKafka(StrictModel):
    """Any other Kafka, named as pipelines name it, and a folder with our credentials: a Secret that is mounted."""

    bootstrap_servers: str
    folder: Path
    tls: bool = False


class KafkaCredentials(StrictModel):
    """Every Kafka that asks us who we are."""

    clusters: list[StrimziUser] = Field(default_factory=list)
    others: list[OtherKafka] = Field(default_factory=list)

    def cluster(self, namespace: str, name: str) -> StrimziUser | None:
        """Our user at a Kafka that Strimzi runs."""
        return next((user for user in self.clusters if (user.namespace, user.name) == (namespace, name)), None)

    def other(self, bootstrap_servers: str) -> OtherKafka | None:
        """Our credentials at another Kafka. Only for exactly these servers: a pipeline can't send them elsewhere."""
        return next((kafka for kafka in self.others if kafka.bootstrap_servers == bootstrap_servers), None)


def read_credentials(path: Path | None) -> KafkaCredentials:
    """The document at `path`; without a path there are none.

    Raises:
        BadCredentials: it is missing, or is not such a document.
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
    """The connection to a listener as `user`, with the contents of the Secrets of the cluster and of the user."""
    wanted = {CA} if listener.tls else set()
    wanted |= {"scram-sha-512": {PASSWORD}, "tls": {CERTIFICATE, PRIVATE_KEY}, None: set[str]()}[
        listener.authentication
    ]
    content = {name: value for name, value in {**secret, **ca}.items() if name in wanted}
    return _connection(listener.bootstrap_servers, content, tls=listener.tls, username=user)


def other_connection(kafka: OtherKafka) -> KafkaConnection:
    """The connection to a Kafka with the credentials that its folder has now.

    Raises:
        OSError: a file can't be read.
        ValueError: a file is not text, or there is a password and no user name.
    """
    content = {name: (kafka.folder / name).read_bytes() for name in _FILES if (kafka.folder / name).is_file()}
    username = content[USERNAME].decode().strip() if USERNAME in content else None
    return _connection(kafka.bootstrap_servers, content, tls=kafka.tls, username=username)


def _connection(bootstrap_servers: str, content: Content, *, tls: bool, username: str | None) -> KafkaConnection:
    """Credentials stay in memory. A connection with renewed ones is another connection."""
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
