"""The pipeline that images are sent to, its topics in a broker on this machine, and the requests."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka.admin import AdminClient

from darkroom.api.pipeline import ImagePipeline
from darkroom.api.validation import parse_pipeline
from darkroom.kafka.topics import ensure_topics
from darkroom.topology import Topology, topology, with_at_most_replicas
from darkroom_cli.local_kafka import LocalKafka

_SAMPLE = Path(__file__).parents[2] / "k8s/samples/digits/digit-0011-label-one.jpg"
# What was written is deleted soon, before the kernel writes much of it to the disk.
_SHORT_RETENTION = {
    "log.segment.bytes": str(32 * 2**20),
    "log.retention.bytes": str(32 * 2**20),
    "log.retention.check.interval.ms": "2000",
    "log.segment.delete.delay.ms": "1000",
}


@dataclass(frozen=True)
class Target:
    """A pipeline with one stage, whose topics exist."""

    pipeline: ImagePipeline
    bootstrap_servers: str

    @property
    def plan(self) -> Topology:
        """The topics and stages of the pipeline."""
        return with_at_most_replicas(topology(self.pipeline), 1)

    @property
    def path(self) -> str:
        """The path of the pipeline in the service."""
        return f"/v1/pipelines/{self.pipeline.namespace}/{self.pipeline.name}"

    @property
    def environment(self) -> dict[str, str]:
        """What `benchmarks.ingestion.bare` reads."""
        images = self.plan.images
        return {
            "BOOTSTRAP_SERVERS": self.bootstrap_servers,
            "TOPIC": images.name,
            "MAX_MESSAGE_BYTES": str(images.config["max.message.bytes"]),
        }

    def catalog(self, folder: Path) -> Path:
        """Write the catalog file of the service. Returns the file."""
        manifest = self.pipeline.model_dump(mode="json", by_alias=True, exclude_none=True)
        entry = {"pipeline": manifest, "kafka": {"bootstrapServers": self.bootstrap_servers}}
        file = folder / "catalog.json"
        file.write_text(json.dumps({"entries": [entry]}), encoding="utf-8")
        return file


@contextmanager
def broker() -> Iterator[str]:
    """A broker on this machine that keeps little of what is written to it. Yields its address."""
    with LocalKafka(properties=_SHORT_RETENTION) as kafka:
        kafka.start()
        yield kafka.bootstrap_servers


def target(bootstrap_servers: str, *, max_bytes: str, name: str = "digits") -> Target:
    """Create the topics of a pipeline with the sample model for digits."""
    stage = {
        "name": "classify",
        "model": {"uri": "configmap://digits-model/digits.onnx"},
        "output": {"type": "Classification", "activation": "Softmax"},
    }
    images = {"partitions": 12, "replicas": 1, "maxBytes": max_bytes}
    pipeline = parse_pipeline(
        {
            "apiVersion": "darkroom.dev/v1alpha1",
            "kind": "ImagePipeline",
            "metadata": {"name": name, "namespace": "bench"},
            "spec": {"kafka": {"bootstrapServers": bootstrap_servers}, "images": images, "stages": [stage]},
        }
    )
    made = Target(pipeline, bootstrap_servers)
    ensure_topics(AdminClient({"bootstrap.servers": bootstrap_servers}), made.plan.topics)
    return made


def jpeg(size: int = 0) -> bytes:
    """A digit as JPEG, followed by zeros up to `size` bytes. The service reads only the header."""
    return _SAMPLE.read_bytes().ljust(size, b"\0")


def post(path: str, body: bytes, content_type: str = "image/jpeg") -> bytes:
    """An HTTP request."""
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: localhost",
        f"Content-Type: {content_type}",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*lines, "\r\n"]).encode() + body
