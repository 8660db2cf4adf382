"""The rate of MLServer: images from one topic, results to another."""

import base64
import json
import subprocess
import time
from collections.abc import Sequence
from itertools import count
from pathlib import Path

import psutil
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from benchmarks.worker.cores import Cores
from benchmarks.worker.rate import Rate
from darkroom_cli.processes.ports import Reservation

_PARTITIONS = 16
_DEADLINE_S = 120.0
_LOOK_S = 0.1
_ENOUGH = 0.9
_FIRST = 200
_MODEL = "classify"
_HEADERS = (("mlserver-model", _MODEL.encode()),)
_runs = count()


def mlserver_rate(
    python: Path,
    bootstrap_servers: str,
    images: Sequence[bytes],
    model: Path,
    waiting: int,
    seconds: float,
    folder: Path,
    cores: Cores,
) -> Rate:
    """Start MLServer with a process for each core, publish `waiting` images, and measure for `seconds`."""
    run = next(_runs)
    topic, results = f"mlserver-{run}", f"mlserver-{run}-results"
    admin = AdminClient({"bootstrap.servers": bootstrap_servers})
    made = admin.create_topics([NewTopic(topic, _PARTITIONS, 1), NewTopic(results, 1, 1)])
    for future in made.values():
        future.result()
    home = folder / f"mlserver-{run}"
    home.mkdir()
    ports = [Reservation() for _ in range(3)]
    http, grpc, metrics = (reservation.port for reservation in ports)
    settings = {
        "parallel_workers": len(cores.measured),
        "debug": False,
        "host": "127.0.0.1",
        "http_port": http,
        "grpc_port": grpc,
        "metrics_port": metrics,
        "kafka_enabled": True,
        "kafka_servers": bootstrap_servers,
        "kafka_topic_input": topic,
        "kafka_topic_output": results,
    }
    implementation = {"name": _MODEL, "implementation": "runtime.Classifier", "parameters": {"uri": str(model)}}
    (home / "settings.json").write_text(json.dumps(settings))
    (home / "model-settings.json").write_text(json.dumps(implementation))
    (home / "runtime.py").write_text(Path(__file__).with_name("runtime.py").read_text(encoding="utf-8"))
    log = home / "log"
    with log.open("wb") as output, cores.for_measured():
        command = [str(python.with_name("mlserver")), "start", "."]
        server = subprocess.Popen(command, cwd=home, stdout=output, stderr=output)
    process = psutil.Process(server.pid)
    try:
        return _measured(process, bootstrap_servers, (topic, results), images, waiting, seconds)
    except TimeoutError:
        raise SystemExit(f"MLServer publishes no results:\n{log.read_text()[-2000:]}") from None
    finally:
        for member in [*process.children(recursive=True), process]:
            member.kill()
        server.wait(60)
        for reservation in ports:
            reservation.release()


def _measured(
    process: psutil.Process,
    bootstrap_servers: str,
    topics: tuple[str, str],
    images: Sequence[bytes],
    waiting: int,
    seconds: float,
) -> Rate:
    topic, results = topics
    producer = Producer({"bootstrap.servers": bootstrap_servers, "linger.ms": 20})
    consumer = Consumer({"bootstrap.servers": bootstrap_servers, "group.id": "mlserver-results"})
    requests = [_request(image) for image in images]

    def done() -> int:
        return int(consumer.get_watermark_offsets(TopicPartition(results, 0), timeout=10)[1])

    def answers() -> bool:
        try:
            return done() > 0
        except KafkaException:  # the topic is new
            return False

    deadline = time.monotonic() + _DEADLINE_S
    while not answers():  # MLServer reads what is published after its start
        if time.monotonic() > deadline or not process.is_running():
            raise TimeoutError
        producer.produce(topic, requests[0], "warm-up", headers=[*_HEADERS])
        producer.flush()
        time.sleep(_LOOK_S)
    _publish(producer, topic, requests, waiting)
    # It takes all messages that it has fetched at once, so the first results take long.
    first = done()
    while done() < first + _FIRST:
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(_LOOK_S)
    began, cpu_began, seen = time.monotonic(), _cpu_seconds(process), done()
    while time.monotonic() < began + seconds and done() < _ENOUGH * waiting:
        time.sleep(_LOOK_S)
    return Rate(images=done() - seen, seconds=time.monotonic() - began, cpu_seconds=_cpu_seconds(process) - cpu_began)


def _publish(producer: Producer, topic: str, requests: Sequence[bytes], images: int) -> None:
    for number in range(images):
        while True:
            try:
                producer.produce(topic, requests[number % len(requests)], f"{number:032x}", headers=[*_HEADERS])
                break
            except BufferError:
                producer.poll(0.1)
    producer.flush()


def _request(image: bytes) -> bytes:
    """An inference request of the Open Inference Protocol, as MLServer reads it from Kafka."""
    data = base64.b64encode(image).decode()
    parameters = {"content_type": "base64"}
    inputs = [{"name": "image", "shape": [1], "datatype": "BYTES", "parameters": parameters, "data": [data]}]
    return json.dumps({"inputs": inputs}).encode()


def _cpu_seconds(process: psutil.Process) -> float:
    """The processor time of the server and its processes so far."""
    return sum(sum(member.cpu_times()[:2]) for member in [process, *process.children(recursive=True)])
