"""Our own credentials at the Kafkas of a cluster: where they are, and the files that librdkafka reads them from."""

import hashlib
import tempfile
from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, ValidationError

from darkroom.errors import DarkroomError
from darkroom.kafka.connection import KafkaConnection, Scram, TlsFiles
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


class CredentialFiles:
    """Credentials in files whose path follows from their content.

    So a connection with renewed credentials is another connection, and whoever holds the old one open sees that.
    The files go when this object does, at the latest with the process.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="darkroom-credentials-")

    def put(self, content: Content) -> dict[str, Path]:
        """The files of `content`, written if they are not there yet, by name."""
        digest = hashlib.sha256()
        for name, value in sorted(content.items()):
            digest.update(f"{name} {len(value)} ".encode() + value)
        folder = Path(self._folder.name) / digest.hexdigest()[:32]
        if not folder.exists():
            folder.mkdir(mode=0o700)
            for name, value in content.items():
                (folder / name).touch(mode=0o600)
                (folder / name).write_bytes(value)
        return {name: folder / name for name in content}


def strimzi_connection(
    listener: Listener, user: str, ca: Content, secret: Content, files: CredentialFiles
) -> KafkaConnection:
    """The connection to a listener as `user`, with what the Secrets of the cluster and of the user hold."""
    wanted = {CA} if listener.tls else set()
    wanted |= {"scram-sha-512": {PASSWORD}, "tls": {CERTIFICATE, PRIVATE_KEY}, None: set[str]()}[
        listener.authentication
    ]
    content = {**secret, **ca}
    return _connection(
        listener.bootstrap_servers,
        {name: value for name, value in content.items() if name in wanted},
        files,
        tls=listener.tls,
        username=user,
    )


def other_connection(kafka: OtherKafka, files: CredentialFiles) -> KafkaConnection:
    """The connection to a Kafka with the credentials that its folder has now."""
    content = {name: (kafka.folder / name).read_bytes() for name in _FILES if (kafka.folder / name).is_file()}
    return _connection(kafka.bootstrap_servers, content, files, tls=kafka.tls, username=None)


def _connection(
    bootstrap_servers: str, content: Content, files: CredentialFiles, *, tls: bool, username: str | None
) -> KafkaConnection:
    paths = files.put(content) if content else {}
    password = paths.get(PASSWORD)
    return KafkaConnection(
        bootstrap_servers=bootstrap_servers,
        tls=TlsFiles(ca_file=paths.get(CA), certificate_file=paths.get(CERTIFICATE), key_file=paths.get(PRIVATE_KEY))
        if tls
        else None,
        scram=Scram(username=username, username_file=paths.get(USERNAME), password_file=password) if password else None,
    )
