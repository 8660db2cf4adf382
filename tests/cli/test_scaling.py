"""Stages with autoscaling: from no worker to some and back, with real processes. Time passes faster for the rule."""

import asyncio
import base64
import json
import time
from collections import defaultdict
from pathlib import Path
from uuid import uuid4

import pytest
import yaml
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

from darkroom.kafka.connection import KafkaConnection
from darkroom.topology import StagePlan
from darkroom_cli.manifests.bundle import load_bundle
from darkroom_cli.processes.ports import Reservation
from darkroom_cli.runner.autoscaling.scaled_workers import ScaledWorkers
from darkroom_cli.runner.autoscaling.scaling import Scaling
from darkroom_cli.runner.kafka import lag_query, prepare
from darkroom_cli.runner.plan import LocalRun, plan
from darkroom_cli.runner.services import worker_service, write_documents
from darkroom_cli.runner.state_folder import StateFolder
from tests.support.kafka import SharedKafka
from tests.support.manifests import pipeline_manifest
from tests.support.services.stage import MODEL, samples
from tests.support.until import until

_IMAGES = 300
_KEYS = 20
_FASTER = 20
_TIMEOUT_S = 200.0


def test_images_start_workers_which_leave_when_all_are_answered_in_order(
    tmp_path: Path, kafka: SharedKafka, capsys: pytest.CaptureFixture[str]
) -> None:
    connection = KafkaConnection(bootstrap_servers=kafka.bootstrap_servers)
    with StateFolder(tmp_path / "data") as folder:
        run = plan(load_bundle([_manifest(tmp_path)]), connection, workers=2, cpus=1, store=folder.store)
        prepare(connection, run.topologies)
        asyncio.run(asyncio.wait_for(_until_back_at_zero(run, folder, connection), _TIMEOUT_S))

    said = capsys.readouterr().err
    assert "(FirstImage: " in said
    assert "-> 0 worker(s) (NoInput: " in said
    answered = _answers(connection.bootstrap_servers, run.topologies[0].stages[0])
    assert sum(len(offsets) for offsets in answered.values()) == _IMAGES
    assert all(offsets == sorted(offsets) for offsets in answered.values())


def _manifest(folder: Path) -> Path:
    pipeline = pipeline_manifest(name=f"t{uuid4().hex[:8]}", images={"partitions": 4, "replicas": 1})
    pipeline["spec"]["stages"][0]["autoscaling"] = {
        "max": 2,
        "drainTarget": "1s",
        "scaleToZeroAfter": "30s",
        "scaleDownDelay": "15s",
    }
    model = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "digits-model", "namespace": "demo"},
        "binaryData": {"digits.onnx": base64.b64encode(MODEL.read_bytes()).decode()},
    }
    file = folder / "pipeline.yaml"
    file.write_text(yaml.safe_dump_all([pipeline, model]), encoding="utf-8")
    return file


async def _until_back_at_zero(run: LocalRun, folder: StateFolder, connection: KafkaConnection) -> None:
    """Send images, and scale until there were workers and all have ended."""
    ports = [Reservation() for _ in range(4)]
    ((stage, settings),) = write_documents(run, folder)
    workers = ScaledWorkers(
        stage, lambda number: worker_service(stage, settings, number, ports[number].port, folder, fork_server=None)
    )
    scaling = Scaling([workers], lag_query(connection), lambda: time.monotonic() * _FASTER)
    try:
        async with asyncio.TaskGroup() as group:
            keeping = group.create_task(scaling.keep(group))
            _send(connection.bootstrap_servers, stage.settings.images_topic)
            await asyncio.to_thread(until, lambda: workers.all, "a worker")
            await asyncio.to_thread(until, lambda: not workers.all, "without workers", _TIMEOUT_S)
            keeping.cancel()
    finally:
        await asyncio.gather(*(worker.stop() for worker in workers.all))
        for port in ports:
            port.release()


def _send(servers: str, topic: str) -> None:
    images = samples()
    producer = Producer({"bootstrap.servers": servers, "acks": "all"})
    for number in range(_IMAGES):
        producer.produce(topic, images[number % len(images)], key=f"key-{number % _KEYS}")
    assert producer.flush(30) == 0


def _answers(servers: str, stage: StagePlan) -> dict[bytes, list[int]]:
    """The offsets of the images of every key, in the order of their first results."""
    consumer = Consumer({"bootstrap.servers": servers, "group.id": f"reader-{uuid4()}", "enable.auto.commit": False})
    consumer.assign([TopicPartition(stage.results.name, n, OFFSET_BEGINNING) for n in range(stage.results.partitions)])
    found: dict[bytes, list[int]] = defaultdict(list)
    try:
        while records := consumer.consume(1000, timeout=2):
            for record in records:
                offset = json.loads(record.value() or b"")["source"]["offset"]
                offsets = found[record.key() or b""]
                if offset not in offsets:
                    offsets.append(offset)
    finally:
        consumer.close()
    return found
