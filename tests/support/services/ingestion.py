"""The ingestion service as a process, and a pipeline whose results the test publishes."""

import json
import os
import re
import signal
import ssl
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx
from confluent_kafka import Consumer, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from darkroom import events, names
from darkroom.api.validation import parse_pipeline
from darkroom.cloudevents import CloudEvent, timestamp
from darkroom.kafka.topics import ensure_topics
from darkroom.processes.parent_death import ending_with_us
from darkroom.topology import topology, with_at_most_replicas
from tests.support.manifests import pipeline_manifest
from tests.support.until import until

DEADLINE_S = 60.0
# Created once: every client would read all certificate authorities.
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
DIGITS = Path(__file__).parents[3] / "k8s/samples/digits"
JPEG = (DIGITS / "digit-0011-label-one.jpg").read_bytes()
PNG = (DIGITS / "digit-0023-label-three.png").read_bytes()


@dataclass
class Pipeline:
    """A pipeline with its topics in a real Kafka. The service may use a different connection than the test."""

    bootstrap_servers: str
    manifest: dict[str, Any]
    namespace: str
    name: str
    stages: list[str]
    connection: dict[str, Any] | None = None

    @property
    def path(self) -> str:
        return f"/v1/pipelines/{self.namespace}/{self.name}"

    @property
    def images_topic(self) -> str:
        return names.images_topic(self.namespace, self.name)

    def make_topics(self) -> None:
        plan = with_at_most_replicas(topology(parse_pipeline(self.manifest)), 1)
        changes = ensure_topics(AdminClient({"bootstrap.servers": self.bootstrap_servers}), plan.topics)
        assert not changes.refused

    def entry(self) -> dict[str, Any]:
        """The pipeline's entry in a catalog."""
        return {"pipeline": self.manifest, "kafka": self.connection or {"bootstrapServers": self.bootstrap_servers}}

    def publish(self, topic: str, value: bytes, headers: list[tuple[str, bytes]], key: bytes, partition: int) -> None:
        producer = Producer({"bootstrap.servers": self.bootstrap_servers, "acks": "all"})
        producer.produce(topic, value, key, partition=partition, headers=headers)
        assert producer.flush(DEADLINE_S) == 0

    def analyze(self, image: Mapping[str, Any], stage: str = "classify", label: str = "seven", **data: Any) -> None:
        """Publish a result for an accepted image, as a stage does."""
        self.analyze_many([image], stage, label, **data)

    def analyze_many(
        self, images: Sequence[Mapping[str, Any]], stage: str = "classify", label: str = "seven", **data: Any
    ) -> None:
        producer = Producer({"bootstrap.servers": self.bootstrap_servers, "acks": "all"})
        for image in images:
            event = self.result_event(image["id"], stage, data.get("generation"))
            value = json.dumps(result_data(image, stage, label) | data).encode()
            topic = names.results_topic(self.namespace, self.name, stage)
            producer.produce(topic, value, image["id"], partition=image["partition"], headers=event.headers())
            producer.poll(0)
        assert producer.flush(DEADLINE_S) == 0

    def result_event(self, image_id: str, stage: str, generation: str | None = None) -> CloudEvent:
        return CloudEvent(
            id=names.result_id(image_id, stage, generation),
            source=names.stage_source(self.namespace, self.name, stage),
            type=events.ANALYZED,
            time=timestamp(),
            content_type="application/json",
        )

    def fail(
        self, image: Mapping[str, Any], stage: str = "classify", reason: str = "DecodeError", value: bytes = JPEG
    ) -> None:
        """Publish a dead letter for an accepted image, as a stage does; with the `key` in `image` if there is one."""
        event = CloudEvent(
            id=image["id"],
            source=names.images_source(self.namespace, self.name),
            type=events.FAILED,
            time=timestamp(),
            content_type="image/jpeg",
        )
        of = events.FailureHeaders
        why = {
            of.REASON: reason,
            of.MESSAGE: "the JPEG ends too early",
            of.STAGE: stage,
            of.ATTEMPTS: "1",
            of.SOURCE_TOPIC: image["topic"],
            of.SOURCE_PARTITION: str(image["partition"]),
            of.SOURCE_OFFSET: str(image["offset"]),
            of.FAILED_AT: timestamp(),
        }
        headers = [*event.headers(), *((name, text.encode()) for name, text in why.items())]
        topic = names.dead_letters_topic(self.namespace, self.name, stage)
        self.publish(topic, value, headers, image.get("key", image["id"]).encode(), image["partition"])

    def records(self, topic: str) -> list[Message]:
        """All records of `topic`."""
        with consuming(self.bootstrap_servers) as consumer:
            partitions = consumer.list_topics(topic, timeout=DEADLINE_S).topics[topic].partitions
            left = set()
            for partition in partitions:
                low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=DEADLINE_S)
                if high > low:
                    left.add(partition)
            consumer.assign([TopicPartition(topic, partition, 0) for partition in left])
            found: list[Message] = []
            deadline = time.monotonic() + DEADLINE_S
            while left:
                assert time.monotonic() < deadline, f"{topic} can't be read to its end"
                message = consumer.poll(0.2)
                if message is None:
                    continue
                if message.error():
                    left.discard(message.partition())
                else:
                    found.append(message)
            return found


def result_data(image: Mapping[str, Any], stage: str, label: str) -> dict[str, Any]:
    """The data of an analyzed event, written by hand."""
    return {
        "imageId": image["id"],
        "stage": stage,
        "model": {"name": "digits.onnx", "sha256": "0" * 64},
        "image": {"width": 28, "height": 28, "format": "jpeg"},
        "predictions": [{"label": label, "index": 7, "score": 0.9}, {"label": "other", "index": 1, "score": 0.1}],
        "timings": {"decodeMs": 0.1, "preprocessMs": 0.1, "inferenceMs": 0.1},
        "source": {"topic": image["topic"], "partition": image["partition"], "offset": image["offset"]},
    }


def headers_of(record: Message) -> dict[str, str]:
    """The headers of a record as text."""
    headers = cast("list[tuple[str, bytes]]", record.headers() or [])
    return {name: value.decode() for name, value in headers}


@contextmanager
def consuming(bootstrap_servers: str) -> Iterator[Consumer]:
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": f"test-{uuid.uuid4().hex}",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
        }
    )
    try:
        yield consumer
    finally:
        consumer.close()


def make_pipeline(
    bootstrap_servers: str, *, stages: list[str] | None = None, partitions: int = 3, max_bytes: str = "100Ki"
) -> Pipeline:
    """A pipeline in a unique namespace, with its topics."""
    namespace, stages = f"t{uuid.uuid4().hex[:12]}", stages or ["classify"]
    manifest = pipeline_manifest(
        namespace=namespace,
        stages=stages,
        images={"partitions": partitions, "replicas": 1, "maxBytes": max_bytes},
        kafka={"bootstrapServers": bootstrap_servers},
    )
    pipeline = Pipeline(bootstrap_servers, manifest, namespace, "digits", stages)
    pipeline.make_topics()
    return pipeline


@dataclass
class Service:
    """The service as a process. After `stop` or `kill` it can be started again, with the same port and store."""

    folder: Path
    pipelines: list[Pipeline]
    options: list[str] = field(default_factory=list)
    port: int = 0
    database_url: str | None = None
    process: subprocess.Popen[bytes] | None = None

    @property
    def database(self) -> Path:
        return self.folder / "store.db"

    @property
    def catalog(self) -> Path:
        return self.folder / "catalog.json"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8").rpartition("\n")[0]

    @property
    def client(self) -> httpx.Client:
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=DEADLINE_S, verify=_NO_TLS)

    def write_catalog(self) -> None:
        new = self.catalog.with_suffix(".new")
        new.write_text(json.dumps({"entries": [pipeline.entry() for pipeline in self.pipelines]}), encoding="utf-8")
        new.replace(self.catalog)

    def start(self, *, ready: bool = True) -> "Service":
        self.write_catalog()
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                ending_with_us(
                    [
                        *(sys.executable, "-m", "darkroom_ingestion", "--catalog", str(self.catalog)),
                        *("--database", self.database_url or f"sqlite:///{self.database}"),
                        *("--port", str(self.port), "--log-format", "json"),
                        *self.options,
                    ]
                ),
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        found = until(self._listening, "the service listens")
        self.port = int(found[1])
        if ready:
            until(self.is_ready, "the service is ready")
        return self

    def is_ready(self) -> bool:
        with self.client as client:
            return client.get("/readyz").status_code == 200

    def stop(self) -> int:
        """Send SIGTERM and wait. Returns the exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def _end(self, with_signal: int) -> int:
        if self.process is None:
            return 0
        process, self.process = self.process, None
        if process.poll() is None:
            os.kill(process.pid, with_signal)
        return process.wait(DEADLINE_S)

    def _listening(self) -> re.Match[str] | None:
        assert self.process is not None
        assert self.process.poll() is None, self.log
        return re.search(r'"url": "https?://127\.0\.0\.1:(\d+)"', self.log)


def post(
    service: Service, pipeline: Pipeline, body: bytes = JPEG, content_type: str = "image/jpeg", **options: Any
) -> httpx.Response:
    """Post an image."""
    headers = {"Content-Type": content_type, **options.pop("headers", {})}
    with service.client as client:
        return client.post(f"{pipeline.path}/images", content=body, headers=headers, **options)


def accepted(service: Service, pipeline: Pipeline, body: bytes = JPEG, **options: Any) -> dict[str, Any]:
    """Post an image that is accepted. Returns the response."""
    answer = post(service, pipeline, body, **options)
    assert answer.status_code == 202, answer.text
    document: dict[str, Any] = answer.json()
    return document


def document(service: Service, pipeline: Pipeline, image_id: str) -> dict[str, Any]:
    """The document of an image."""
    with service.client as client:
        answer = client.get(f"{pipeline.path}/images/{image_id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found
