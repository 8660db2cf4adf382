"""The starts that are measured, and the bare ones that they are compared with."""

import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

from benchmarks.measuring.processes import cpu_s
from darkroom import names
from darkroom.cloudevents import CloudEvent, timestamp
from darkroom.events import RECEIVED
from darkroom.stage_settings import StageSettings
from darkroom_cli.local_kafka import LocalKafka
from darkroom_cli.processes.ports import Reservation

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "k8s" / "samples"
MODEL = ROOT / "models" / "digits" / "digits.onnx"
FIRST_ANALYSIS = "first analysis"
"""How the line of the demo begins that it prints when the first image has been analysed."""

_IMAGE = SAMPLES / "digits" / "digit-0011-label-one.jpg"
_DARKROOM = Path(sys.executable).with_name("darkroom")
_BARE = (sys.executable, "-m", "benchmarks.start.bare")
_TIMEOUT_S = 120.0

Imports = Literal["LIBRARIES", "MODULES"]
"""What a bare program imports: the libraries that it needs for its work, or all that the real one imports."""


@dataclass(frozen=True)
class Start:
    """The time of a start, by the clock and of all its processes by CPU."""

    seconds: float
    cpu_s: float

    def __str__(self) -> str:
        return f"{self.seconds:.2f} s, {self.cpu_s:.2f} s of CPU"


def results(settings: StageSettings) -> Consumer:
    """A consumer of all results of a stage."""
    topic = settings.results_topic
    consumer = Consumer({"bootstrap.servers": settings.kafka.bootstrap_servers, "group.id": "benchmark"})
    partitions = consumer.list_topics(topic, _TIMEOUT_S).topics[topic].partitions
    consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in partitions])
    return consumer


def worker(settings: StageSettings, file: Path, consumer: Consumer) -> Start:
    """A worker, from its start to the first result. An image waits in each partition.

    `consumer` has consumed the results of earlier starts, and then those of this one.
    """
    partitions = len(consumer.list_topics(settings.images_topic, _TIMEOUT_S).topics[settings.images_topic].partitions)
    _publish(settings, partitions)
    port = Reservation()
    command = [sys.executable, "-m", "darkroom_inference", "run", "--settings", str(file), "--port", str(port.port)]
    started = time.monotonic()
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        _next_result(consumer)
        start = Start(time.monotonic() - started, cpu_s(process.pid))
        for _ in range(partitions - 1):
            _next_result(consumer)
        return start
    finally:
        process.terminate()
        process.wait(_TIMEOUT_S)
        port.release()


def bare_worker(imports: Imports) -> Start:
    """The imports and the session of a worker."""
    return _together([[imports, "worker", str(MODEL)]])


def up() -> Start:
    """`darkroom up` with the digits, on a new data folder, until it is ready."""
    with tempfile.TemporaryDirectory(prefix="darkroom-start-") as folder:
        command = [str(_DARKROOM), "up", str(SAMPLES / "digits.yaml"), "--port", "0", "--data-dir", folder]
        return _until_said(command, "ready: ")


def bare_up(imports: Imports) -> Start:
    """The same Kafka, and the imports and sessions of the services, all at once."""
    stages = [[imports, "worker", str(MODEL)]] * 2
    with tempfile.TemporaryDirectory(prefix="darkroom-start-") as folder:
        kafka = LocalKafka(Path(folder))
        try:
            return _together([[imports, "service"], [imports, "filler"], *stages], kafka)
        finally:
            kafka.stop()


def demo() -> Start:
    """`make demo`, until it prints the first analysis."""
    with tempfile.TemporaryDirectory(prefix="darkroom-start-") as folder:
        return _until_said([sys.executable, "-m", "scripts.demo", "--pictures", folder], FIRST_ANALYSIS)


def _together(programs: Sequence[Sequence[str]], kafka: LocalKafka | None = None) -> Start:
    started, before = time.monotonic(), _cpu_of_children_s()
    processes = [subprocess.Popen([*_BARE, *program], cwd=ROOT) for program in programs]
    kafka_s = 0.0
    if kafka is not None:
        kafka.start()
        assert kafka.pid is not None
        kafka_s = cpu_s(kafka.pid)
    for process in processes:
        if process.wait(_TIMEOUT_S):
            raise SystemExit("a bare program failed")
    return Start(time.monotonic() - started, _cpu_of_children_s() - before + kafka_s)


def _cpu_of_children_s() -> float:
    """CPU seconds of the processes that this one has started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _until_said(command: list[str], line_start: str) -> Start:
    """Run a command until it prints a line that starts with `line_start`, then interrupt it."""
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT)
    try:
        if not any(line.startswith(line_start) for line in process.stdout or []):
            raise SystemExit(f"{' '.join(command)} fails: run it by hand to see why")
        seconds = time.monotonic() - started
        tree = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        return Start(seconds, sum(sum(one.cpu_times()[:4]) for one in tree))
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=_TIMEOUT_S)


def _publish(settings: StageSettings, partitions: int) -> None:
    """Publish an image in each partition.

    A partition without any would have no committed offset: librdkafka asks for its beginning on the connection on which
    fetches of the others wait for images.
    """
    source = names.images_source(settings.namespace, settings.pipeline)
    producer = Producer({"bootstrap.servers": settings.kafka.bootstrap_servers})
    for number in range(partitions):
        event = CloudEvent(f"{time.time_ns():032x}", source, RECEIVED, timestamp(), content_type="image/jpeg")
        producer.produce(
            settings.images_topic, _IMAGE.read_bytes(), event.id, partition=number, headers=[*event.headers()]
        )
    producer.flush()


def _next_result(consumer: Consumer) -> None:
    while (message := consumer.poll(_TIMEOUT_S)) is None or message.error():
        if message is None:
            raise SystemExit("the worker publishes no result: run it by hand to see why")
