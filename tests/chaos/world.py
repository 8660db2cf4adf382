"""The system under test: a pipeline with stages of different modes and guarantees, their workers, the service."""

import itertools
import json
import random
import time
import uuid
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from confluent_kafka.admin import AdminClient

from darkroom.api.validation import parse_pipeline
from darkroom.kafka.connection import KafkaConnection
from darkroom.kafka.topics import ensure_topics
from darkroom.stage_settings import stage_settings
from darkroom.topology import StagePlan, topology, with_at_most_replicas
from darkroom_inference.lifecycle.options import IMAGE_DEADLINE
from tests.chaos.child import Child
from tests.chaos.kafka import Kafka
from tests.chaos.observer import Observer, Strike
from tests.chaos.worker_faults import worker_faults
from tests.support.manifests import pipeline_manifest
from tests.support.network.http_get import http_get

PARTITIONS: Final = 6
WORKERS: Final = 3
LOAN_S: Final = 15.0
"""How long the share group lends an image: the shortest time that Kafka allows by default."""
STAGES: Final = {
    "atleast": {"delivery": "AtLeastOnce"},
    "exactly": {"delivery": "ExactlyOnce"},
    "queue": {"mode": "Queue"},
}
_MODEL: Final = Path(__file__).parents[2] / "models/digits/digits.onnx"
_DIGITS: Final = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_SKEWS_S: Final = (0.0, -3_600.0, 86_400.0)
"""Skews of the workers' clocks, in seconds."""
_SERVICE_SKEWS_S: Final = (0.0, 2_400.0, -7_200.0)
"""Skews of the service's clock at each start, in seconds. Brokers refuse timestamps an hour in the future."""


class World:
    """All processes of a run."""

    def __init__(self, kafka: Kafka, folder: Path, stages: Sequence[str], worker_module: str, seed: int) -> None:
        self.kafka, self.folder = kafka, folder
        self.random = random.Random(seed)
        self.strikes: list[Strike] = []
        self._worker_module = worker_module
        self.pipeline = parse_pipeline(_manifest(kafka.bootstrap_servers, stages))
        self.plan = with_at_most_replicas(topology(self.pipeline), max(1, len(kafka.brokers)))
        # Images are lent for at least twice the deadline.
        self._queue_environment = {IMAGE_DEADLINE: str(LOAN_S / 2), **worker_faults(folder / "worker-faults")}
        self._skews = itertools.cycle(_SERVICE_SKEWS_S)
        self.workers = {
            stage.name: [self._worker(stage, number) for number in range(WORKERS)] for stage in self.plan.stages
        }
        self.service = self._service()
        self.url = ""
        self.observer = Observer(
            kafka.bootstrap_servers,
            self.plan.images.name,
            PARTITIONS,
            self.plan.stages,
        )
        self.suspended: set[Child] = set()

    @property
    def every_worker(self) -> list[Child]:
        """The workers of all stages."""
        return [worker for workers in self.workers.values() for worker in workers]

    def start(self, timeout_s: float) -> None:
        """Create the topics, start everything, and wait until it is ready."""
        changes = ensure_topics(AdminClient({"bootstrap.servers": self.kafka.bootstrap_servers}), self.plan.topics)
        assert not changes.refused, changes.refused
        for worker in self.every_worker:
            self.start_worker(worker)
        self.start_service()
        self.observer.start()
        deadline = time.monotonic() + timeout_s
        while not (self._service_ready() and all(worker.has_partitions for worker in self.every_worker)):
            for child in (*self.every_worker, self.service):
                assert child.running, f"{child.name} ended: {child.log}"
            assert time.monotonic() < deadline, f"not everything is ready: see {self.folder}"
            time.sleep(0.1)

    def strike(self, name: str) -> None:
        """Record that a fault happens now."""
        self.strikes.append(Strike(name, time.monotonic()))

    def start_worker(self, worker: Child) -> None:
        """Start a worker, with one of several wrong clocks."""
        worker.start(self.random.choice(_SKEWS_S))

    def resume(self, worker: Child) -> None:
        """Let a suspended worker continue."""
        worker.resume()
        self.suspended.discard(worker)

    def start_service(self) -> None:
        """Start the ingestion service, with another clock than before."""
        self.service.start(next(self._skews))

    def extra_worker(self, stage: StagePlan, number: int) -> Child:
        """An additional worker, not started yet."""
        return self._worker(stage, WORKERS + number)

    def stop(self) -> list[str]:
        """End everything gracefully. Returns the processes that did not exit with 0."""
        self.observer.stop()
        for worker in set(self.suspended):
            self.resume(worker)
        for child in self.every_worker:
            child.ask_to_end()
        codes = {child.name: child.end() for child in self.every_worker}
        return [f"{name} ended with {code} after SIGTERM" for name, code in codes.items() if code != 0]

    def kill(self) -> None:
        """Kill everything."""
        for child in (*self.every_worker, self.service):
            child.kill()

    def _service_ready(self) -> bool:
        if not (found := self.service.said(r'"url": "(http://127\.0\.0\.1:(\d+))"')):
            return False
        self.url = found[1]
        return http_get(int(found[2]), "/readyz")[0] == HTTPStatus.OK

    def _worker(self, stage: StagePlan, number: int) -> Child:
        """The first worker of each stage reaches Kafka through the proxies."""
        servers = self.kafka.proxied_servers if number == 0 else self.kafka.bootstrap_servers
        settings = stage_settings(
            self.pipeline,
            stage,
            KafkaConnection(bootstrap_servers=servers),
            # With mode Ordered, two loops are two forks of the worker.
            loops=2 if stage.share_group is None and number % 2 else 1,
            model_path=_MODEL,
        )
        file = self.folder / f"{stage.name}-{number}.json"
        file.write_text(settings.model_dump_json(by_alias=True, exclude_none=True), encoding="utf-8")
        arguments = ["run", "--settings", str(file), "--port", "0"]
        environment = self._queue_environment if stage.share_group is not None else {}
        return Child(f"{stage.name}-{number}", self._worker_module, arguments, file.with_suffix(".log"), environment)

    def _service(self) -> Child:
        catalog = self.folder / "catalog.json"
        entry = {
            "pipeline": self.pipeline.model_dump(by_alias=True, exclude_none=True, mode="json"),
            "kafka": {"bootstrapServers": self.kafka.bootstrap_servers},
        }
        catalog.write_text(json.dumps({"entries": [entry]}), encoding="utf-8")
        arguments = ["--catalog", str(catalog), "--database", f"sqlite:///{self.folder / 'store.db'}"]
        arguments += ["--log-format", "json", "--port", str(_free_port())]
        return Child("ingestion", "darkroom_ingestion", arguments, self.folder / "ingestion.log")


def _free_port() -> int:
    from darkroom_cli.processes.ports import Reservation  # noqa: PLC0415

    reservation = Reservation()
    reservation.release()
    return reservation.port


def _manifest(bootstrap_servers: str, stages: Sequence[str]) -> dict[str, Any]:
    model = {"uri": f"file://{_MODEL}"}
    common = {
        "model": model,
        "input": {"width": 28, "height": 28, "channels": 1, "resize": "Stretch", "scale": 1 / 255},
        "output": {"type": "Classification", "labels": _DIGITS, "topK": 1, "activation": "Softmax"},
    }
    manifest = pipeline_manifest(
        name="digits",
        namespace=f"chaos-{uuid.uuid4().hex[:8]}",
        kafka={"bootstrapServers": bootstrap_servers},
        images={"partitions": PARTITIONS, "replicas": 3, "maxBytes": "100Ki"},
    )
    manifest["spec"]["stages"] = [{"name": name, **STAGES[name], **common} for name in stages]
    return manifest
