"""The ingestion service and a worker on one broker, with their memory and the worker's lag."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from confluent_kafka import Consumer, TopicPartition

from benchmarks.ingestion.servers import Server, ingestion
from benchmarks.ingestion.target import Target
from benchmarks.measuring.processes import memory_mb
from darkroom.kafka.connection import KafkaConnection
from darkroom.kafka.lag import lag
from darkroom.stage_settings import StageSettings, stage_settings
from darkroom_cli.processes.ports import Reservation

_MODEL = Path(__file__).parents[2] / "models" / "digits" / "digits.onnx"
_TIMEOUT_S = 20.0
_STOP_TIMEOUT_S = 90.0

SERVICE, FILLER, WORKER = "ingestion service", "process that fills its store", "worker"


@dataclass(frozen=True)
class Running:
    """The running processes."""

    server: Server
    worker: psutil.Process
    settings: StageSettings

    def memory_mb(self) -> dict[str, float]:
        """The memory of every process of the service, and of all of the worker, in MB. Shared memory is divided."""
        service, *children = [mb for _, mb in self.server.memory_mb()]
        names = [FILLER, *(f"process {number} of the service" for number in range(2, len(children) + 1))]
        worker = sum(memory_mb(process.pid) for process in [self.worker, *self.worker.children()])
        return {SERVICE: service, **dict(zip(names, children, strict=False)), WORKER: worker}

    def waiting(self) -> int:
        """How many images the worker has yet to analyse."""
        topic, servers = self.settings.images_topic, self.settings.kafka.bootstrap_servers
        consumer = Consumer({"bootstrap.servers": servers, "group.id": self.settings.consumer_group})
        try:
            partitions = consumer.list_topics(topic, _TIMEOUT_S).topics[topic].partitions
            committed = consumer.committed([TopicPartition(topic, number) for number in partitions], _TIMEOUT_S)
            return sum(_lag(consumer, position) for position in committed)
        finally:
            consumer.close()


@contextmanager
def running(at: Target, folder: Path, loops: int) -> Iterator[Running]:
    """Start both services, and end them after the block."""
    connection = KafkaConnection(bootstrap_servers=at.bootstrap_servers)
    settings = stage_settings(at.pipeline, at.plan.stages[0], connection, loops=loops, model_path=_MODEL)
    file = folder / "settings.json"
    file.write_text(settings.model_dump_json(by_alias=True), encoding="utf-8")
    port = Reservation()
    command = ["-m", "darkroom_inference", "run", "--settings", str(file), "--port", str(port.port)]
    with ingestion(at, folder, workers=1) as server, (folder / "worker.log").open("wb") as log:
        worker = subprocess.Popen([sys.executable, *command], stderr=log)
        try:
            yield Running(server, psutil.Process(worker.pid), settings)
        finally:
            worker.terminate()
            worker.wait(_STOP_TIMEOUT_S)
            port.release()


def _lag(consumer: Consumer, committed: TopicPartition) -> int:
    beginning, end = consumer.get_watermark_offsets(committed, _TIMEOUT_S)
    return lag(end, beginning, committed.offset if committed.offset >= 0 else None)
