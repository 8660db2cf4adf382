"""What the workers of a stage are given: settings, Kafka credentials, a model; and where they find them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from darkroom.kafka.connection import KafkaConnection

SETTINGS_FOLDER = PurePosixPath("/etc/darkroom")
SETTINGS_FILE = "stage.json"
CREDENTIALS_FOLDER = PurePosixPath("/etc/darkroom-kafka")
FILES_FOLDER = PurePosixPath("/var/lib/darkroom")
CACHE_FOLDER = PurePosixPath("/var/cache/darkroom")
PORT = 9400


@dataclass(frozen=True)
class SecretFiles:
    """Keys of a Secret, and the file in CREDENTIALS_FOLDER that each becomes."""

    secret: str
    files: Mapping[str, str]


@dataclass(frozen=True)
class Peer:
    """Where a worker may connect to: ports (TCP), of the pods that are selected or of everybody."""

    ports: tuple[int, ...]
    namespace: str | None = None
    pod_labels: Mapping[str, str] | None = None


@dataclass(frozen=True)
class KafkaAccess:
    """How the workers of a stage reach Kafka.

    Attributes:
        connection: with the paths that the files have in the pod.
        secrets: what those files are made from, all in the pipeline's namespace.
        digest: changes when the contents of the secrets change.
        peer: the brokers, as a NetworkPolicy sees them.
    """

    connection: KafkaConnection
    secrets: tuple[SecretFiles, ...]
    digest: str
    peer: Peer


@dataclass(frozen=True)
class MountedFile:
    """A file that Kubernetes mounts into the pod.

    Attributes:
        volume: the source of the volume, as in a pod.
        path: of the file, inside the volume.
        digest: changes when the content changes; empty if we can't know.
    """

    volume: Mapping[str, Any]
    path: str
    digest: str = ""


@dataclass(frozen=True)
class Fetched:
    """A file that the worker fetches itself, from port `port` of somebody."""

    port: int


@dataclass(frozen=True)
class ModelFiles:
    """Where the model and, if they are in a file, the labels come from."""

    model: MountedFile | Fetched
    labels: MountedFile | Fetched | None = None

    @property
    def digest(self) -> str:
        """Changes when a mounted file changes."""
        mounted = [file.digest for file in (self.model, self.labels) if isinstance(file, MountedFile)]
        return ".".join(filter(None, mounted))


@dataclass(frozen=True)
class WorkerImage:
    """The container image of the workers."""

    name: str
    pull_policy: str = "IfNotPresent"


@dataclass(frozen=True)
class Workload:
    """Everything that the builders of a stage's workers need beside the stage itself."""

    image: WorkerImage
    kafka: KafkaAccess
    files: ModelFiles


def path_of(role: str, file: MountedFile | Fetched | None) -> PurePosixPath | None:
    """Where the worker finds the `model` or the `labels`; None if it has to fetch them."""
    return FILES_FOLDER / role / file.path if isinstance(file, MountedFile) else None
