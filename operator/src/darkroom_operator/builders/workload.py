"""The inputs of a stage's workers: settings, Kafka credentials and model, and their paths in the pod."""

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
    """Keys of a Secret, each with its file name in CREDENTIALS_FOLDER."""

    secret: str
    files: Mapping[str, str]


@dataclass(frozen=True)
class Peer:
    """What a worker may connect to: TCP ports of the selected pods or, without a namespace, of any address."""

    ports: tuple[int, ...]
    namespace: str | None = None
    pod_labels: Mapping[str, str] | None = None


@dataclass(frozen=True)
class KafkaAccess:
    """How the workers of a stage reach Kafka.

    Attributes:
        connection: addresses and credentials, with the paths of the files in the pod.
        secrets: the Secrets that those files come from, all in the pipeline's namespace.
        digest: a hash that changes when the content of the Secrets changes.
        peer: the brokers, as a NetworkPolicy selects them.
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
        path: the path of the file inside the volume.
        digest: a hash that changes when the content changes; empty if the operator cannot read the file.
    """

    volume: Mapping[str, Any]
    path: str
    digest: str = ""


@dataclass(frozen=True)
class Fetched:
    """A file that the worker downloads itself, from a server on `port`."""

    port: int


@dataclass(frozen=True)
class ModelFiles:
    """The sources of the model and, if they are in a file, of the labels."""

    model: MountedFile | Fetched
    labels: MountedFile | Fetched | None = None

    @property
    def digest(self) -> str:
        """A hash that changes when a mounted file changes."""
        mounted = [file.digest for file in (self.model, self.labels) if isinstance(file, MountedFile)]
        return ".".join(filter(None, mounted))


@dataclass(frozen=True)
class WorkerImage:
    """The container image of the workers."""

    name: str
    pull_policy: str = "IfNotPresent"


@dataclass(frozen=True)
class Workload:
    """Everything that the builders of a stage's objects need in addition to the stage."""

    image: WorkerImage
    kafka: KafkaAccess
    files: ModelFiles


def path_of(role: str, file: MountedFile | Fetched | None) -> PurePosixPath | None:
    """The path of the `model` or the `labels` in the pod; None if the worker downloads them."""
    return FILES_FOLDER / role / file.path if isinstance(file, MountedFile) else None
