"""The inputs of a stage's workers: settings, Kafka credentials and model, and their paths in the pod."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from darkroom.api.pipeline import Resources
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
    """The sources of the model, of the labels if they are in a file, and of the images of self-tests."""

    model: MountedFile | Fetched
    labels: MountedFile | Fetched | None = None
    self_tests: tuple[MountedFile | Fetched, ...] = ()

    @property
    def by_role(self) -> Mapping[str, MountedFile | Fetched]:
        """Every file by its role, which names its volume and folder in the pod."""
        labels = {} if self.labels is None else {"labels": self.labels}
        self_tests = {self_test_role(position): file for position, file in enumerate(self.self_tests)}
        return {"model": self.model, **labels, **self_tests}

    @property
    def digest(self) -> str:
        """A hash that changes when a mounted file changes."""
        mounted = [file.digest for file in self.by_role.values() if isinstance(file, MountedFile)]
        return ".".join(filter(None, mounted))


@dataclass(frozen=True)
class WorkerImage:
    """The container image of the workers.

    Attributes:
        gpu: the image of workers with a GPU; empty: `name`.
    """

    name: str
    pull_policy: str = "IfNotPresent"
    gpu: str = ""

    def name_for(self, resources: Resources) -> str:
        """The image of workers with these resources."""
        return self.gpu if self.gpu and resources.has_gpu else self.name


@dataclass(frozen=True)
class WorkerTracing:
    """Where workers send their spans.

    Attributes:
        endpoint: the URL of a collector that takes OTLP over HTTP.
        sample_ratio: the part of the traces that begin at a worker.
    """

    endpoint: str
    sample_ratio: float

    @property
    def port(self) -> int:
        """The collector's port."""
        parts = urlsplit(self.endpoint)
        return parts.port or (443 if parts.scheme == "https" else 80)

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment variables of a worker, as OpenTelemetry specifies them."""
        return {
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.endpoint,
            "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
            "OTEL_TRACES_SAMPLER_ARG": f"{self.sample_ratio:g}",
        }


@dataclass(frozen=True)
class Workload:
    """Everything that the builders of a stage's objects need in addition to the stage.

    Attributes:
        credentials: the keys of the Secret of `model.secret` that become environment variables.
        tracing: where the workers send their spans; None: nowhere.
    """

    image: WorkerImage
    kafka: KafkaAccess
    files: ModelFiles
    credentials: tuple[str, ...] = ()
    tracing: WorkerTracing | None = None


def self_test_role(position: int) -> str:
    """The role of the image of the self-test at `position`."""
    return f"self-test-{position}"


def path_of(role: str, files: ModelFiles) -> PurePosixPath | None:
    """The path of the file with `role` in the pod; None if there is none, or the worker downloads it."""
    file = files.by_role.get(role)
    return FILES_FOLDER / role / file.path if isinstance(file, MountedFile) else None
