"""A stage for tests: topics on a real broker, workers as processes, and the records that they publish."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from darkroom.api.validation import parse_pipeline
from darkroom.cloudevents import CloudEvent
from darkroom.events import RECEIVED
from darkroom.kafka.connection import KafkaConnection, producer_settings
from darkroom.kafka.topics import ensure_topics
from darkroom.stage_settings import stage_settings
from darkroom.topology import topology, with_at_most_replicas
from tests.support.manifests import pipeline_manifest
from tests.support.network.http_get import http_get
from tests.support.until import until

REPOSITORY = Path(__file__).parents[3]
MODEL = REPOSITORY / "models/digits/digits.onnx"
LABELS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_DEATH_SIGNAL = "import ctypes, sys; ctypes.CDLL(None).prctl(1, 9); import runpy; sys.argv = sys.argv[1:]; "


def samples() -> list[bytes]:
    """The sample digits, as files."""
    return [file.read_bytes() for file in sorted((REPOSITORY / "k8s/samples/digits").iterdir())]


class WorkerProcess:
    """A worker process: `python -m darkroom_inference run`. It ends with the test run."""

    def __init__(self, settings: Path, environment: Mapping[str, str], arguments: Sequence[str] = ()) -> None:
        self._command = [
            *(sys.executable, "-c", _DEATH_SIGNAL + "runpy.run_module('darkroom_inference', run_name='__main__')"),
            *("darkroom_inference", "run", "--settings", str(settings), "--port", "0", *arguments),
        ]
        self._environment = {**os.environ, **environment}
        self.log = settings.with_name(f"worker-{uuid4().hex[:8]}.log")
        self.ends: list[int] = []
        self.start()

    def start(self) -> None:
        """Start or restart the worker."""
        with self.log.open("ab") as log:
            self._began_at = self.log.stat().st_size
            self.process = subprocess.Popen(self._command, stderr=log, env=self._environment)

    def keep_running(self) -> None:
        """Restart the worker if it has ended, like kubelet and `darkroom up`. `ends` has the exit codes."""
        if (code := self.process.poll()) is not None:
            self.ends.append(code)
            self.start()

    def said(self) -> str:
        """The log since the last start."""
        return self.log.read_bytes()[self._began_at :].decode()

    @property
    def port(self) -> int:
        """The port of the worker's endpoint."""
        return int(until(lambda: re.search(r"listening.*?port=(\d+)", self.said()), f"{self.log} telling its port")[1])

    def get(self, path: str) -> tuple[int, str]:
        """The status and the body of the response; status 0 if there is none."""
        return http_get(self.port, path)

    def ready(self) -> "WorkerProcess":
        """Wait until the worker has partitions."""
        until(lambda: self.get("/readyz")[0] == 200 or self._ended(), f"ready: {self.log}", 90)
        return self

    def metric(self, name: str, **labels: str) -> float:
        """The sum of the samples of a metric with these labels."""
        total = 0.0
        for line in self.get("/metrics")[1].splitlines():
            sample, _, value = line.rpartition(" ")
            if sample.partition("{")[0] == name and all(f'{key}="{label}"' in sample for key, label in labels.items()):
                total += float(value)
        return total

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the worker."""
        self.process.send_signal(number)

    def end(self, timeout_s: float = 60.0) -> int:
        """Send SIGTERM and wait. Returns the exit code."""
        self.process.terminate()
        return self.process.wait(timeout_s)

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait()

    def _ended(self) -> bool:
        assert self.process.poll() is None, f"the worker ended: {self.said()}"
        return False


class TriedStage:
    """One stage of a new pipeline. `stage` overrides fields of the stage, `spec` of the pipeline.

    Its workers, and `send`, use `connection` if it is given.
    """

    def __init__(
        self,
        bootstrap_servers: str,
        folder: Path,
        *,
        name: str = "classify",
        namespace: str | None = None,
        loops: int = 1,
        model: Path | None = MODEL,
        stage: Mapping[str, Any] | None = None,
        connection: KafkaConnection | None = None,
        **spec: Any,
    ) -> None:
        self._bootstrap_servers = bootstrap_servers
        self._folder = folder
        self.workers: list[WorkerProcess] = []
        manifest = pipeline_manifest(namespace=namespace or f"t{uuid4().hex[:10]}", stages=[name], **spec)
        manifest["spec"]["stages"][0] |= {
            "output": {"type": "Classification", "labels": LABELS, "activation": "Softmax"},
            **(stage or {}),
        }
        pipeline = parse_pipeline(manifest)
        self.namespace = pipeline.namespace
        plan = with_at_most_replicas(topology(pipeline), 1)
        admin = AdminClient({"bootstrap.servers": bootstrap_servers})
        assert ensure_topics(admin, plan.topics).refused == {}
        self.settings = stage_settings(
            pipeline,
            plan.stages[0],
            connection or KafkaConnection(bootstrap_servers=bootstrap_servers),
            loops=loops,
            model_path=model,
        )
        self.partitions = plan.images.partitions
        self.file = folder / f"{self.namespace}-{name}.json"
        self.file.write_text(self.settings.model_dump_json(by_alias=True))

    def worker(self, arguments: Sequence[str] = (), **environment: str) -> WorkerProcess:
        """Start a worker with additional arguments and environment variables."""
        self.workers.append(WorkerProcess(self.file, environment, arguments))
        return self.workers[-1]

    def close(self) -> None:
        """End all workers."""
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.process.kill()
                worker.process.wait()

    def send(self, images: Iterable[tuple[str, bytes | None, bytes]], headers: Mapping[str, str] | None = None) -> None:
        """Publish images, each with its id and key, and wait for the acknowledgements."""
        producer = Producer(producer_settings(self.settings.kafka, "test", max_message_bytes=20_000_000))
        for image_id, key, image in images:
            event = CloudEvent(image_id, "/test", RECEIVED, "2026-01-01T00:00:00Z", "image/png")
            producer.produce(
                self.settings.images_topic,
                image,
                key=key,
                headers=[*event.headers(), *((name, value.encode()) for name, value in (headers or {}).items())],
            )
            producer.poll(0)
        assert producer.flush(60) == 0

    def results(self, want: Callable[[list[Message]], bool], **reading: Any) -> list[Message]:
        """The records of the results topic, once `want` is true of them."""
        return self.read(self.settings.results_topic, want, **reading)

    def dead_letters(self, want: Callable[[list[Message]], bool], **reading: Any) -> list[Message]:
        """The records of the dead letters topic, once `want` is true of them."""
        return self.read(self.settings.dead_letters_topic, want, **reading)

    def read(
        self,
        topic: str,
        want: Callable[[list[Message]], bool],
        *,
        timeout_s: float = 90.0,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> list[Message]:
        """All committed records of `topic` by partition and offset, once `want` is true and no more arrive."""
        consumer = Consumer(
            {
                "bootstrap.servers": self._bootstrap_servers,
                "group.id": f"test-{uuid4().hex}",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "isolation.level": "read_committed",
            }
        )
        try:
            metadata = consumer.list_topics(topic, timeout=30).topics[topic]
            consumer.assign([TopicPartition(topic, partition, 0) for partition in metadata.partitions])
            records: list[Message] = []
            deadline = time.monotonic() + timeout_s
            quiet = 0
            while quiet < 3:
                found = [message for message in consumer.consume(500, 0.2) if message.error() is None]
                records += found
                quiet = quiet + 1 if not found and want(records) else 0
                meanwhile()
                assert time.monotonic() < deadline, f"{topic}: {len(records)} records after {timeout_s:.0f} s"
            return sorted(records, key=lambda record: (record.partition(), record.offset()))
        finally:
            consumer.close()

    def committed(self) -> dict[int, tuple[int, str]]:
        """The group's committed offset and metadata by partition."""
        return until(self._committed, "the group's coordinator answers", 30)

    def _committed(self) -> dict[int, tuple[int, str]] | None:
        consumer = Consumer({"bootstrap.servers": self._bootstrap_servers, "group.id": self.settings.consumer_group})
        try:
            wanted = [TopicPartition(self.settings.images_topic, number) for number in range(self.partitions)]
            found = consumer.committed(wanted, timeout=30)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.NOT_COORDINATOR:
                raise
            return None  # the broker has just created the offsets topic
        finally:
            consumer.close()
        return {commit.partition: (commit.offset, commit.metadata or "") for commit in found}

    def end_offsets(self) -> dict[int, int]:
        """The end offsets of the partitions that have images."""
        consumer = Consumer({"bootstrap.servers": self._bootstrap_servers, "group.id": "test"})
        try:
            topic = self.settings.images_topic
            ends = {
                n: consumer.get_watermark_offsets(TopicPartition(topic, n), timeout=30) for n in range(self.partitions)
            }
            return {number: high for number, (_, high) in ends.items() if high}
        finally:
            consumer.close()


def headers(message: Message) -> dict[str, str]:
    """A record's headers as text."""
    pairs = cast("list[tuple[str, bytes]]", message.headers() or [])
    return {name: value.decode(errors="replace") for name, value in pairs}


def image_ids(messages: Iterable[Message]) -> list[str]:
    """The ids of the images that results or dead letters are about."""
    return [headers(message)["ce_id"].partition(".")[0] for message in messages]
