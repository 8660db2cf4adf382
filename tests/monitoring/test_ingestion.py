"""Alerts of the ingestion service, each on a real failure."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from confluent_kafka import Producer

from darkroom_cli.local_kafka import LocalKafka
from tests.support.monitoring.prometheus import alerts
from tests.support.network.http_get import http_get
from tests.support.services.ingestion import Pipeline, Service, accepted, make_pipeline, post
from tests.support.until import until

StartService = Callable[..., Service]

_MANY = 30_000
"""Records that take the store seconds to read."""


def exposed(service: Service) -> str:
    status, text = http_get(service.port, "/metrics")
    assert status == 200
    return text


def test_without_a_broker_images_are_refused(
    tmp_path: Path, start_service: StartService, fresh_kafka: Callable[..., LocalKafka]
) -> None:
    broker = fresh_kafka()
    broker.start()
    pipeline = make_pipeline(broker.bootstrap_servers)
    service = start_service(pipeline, options=["--delivery-timeout", "1"])
    accepted(service, pipeline)
    healthy = exposed(service)
    broker.stop()
    failing = []
    for _ in range(2):
        assert post(service, pipeline).status_code == 503
        failing.append(exposed(service))

    assert alerts(tmp_path, healthy, failing) == (set(), {"DarkroomImagesRefused", "DarkroomServerErrors"})


def test_a_store_that_can_not_be_written(tmp_path: Path, start_service: StartService, pipeline: Pipeline) -> None:
    service = start_service(pipeline)
    healthy = exposed(service)
    # As on a full disk: the file can't be written while another connection holds its lock.
    with closing(sqlite3.connect(service.database, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        accepted(service, pipeline)
        until(lambda: "darkroom_store_writable 0.0" in exposed(service), "it can't be written", 90)
        failing = exposed(service)
        holder.execute("ROLLBACK")

    assert alerts(tmp_path, healthy, [failing, failing]) == (set(), {"DarkroomStoreNotWritable"})


def test_a_store_that_has_much_to_read_is_behind(
    tmp_path: Path, start_service: StartService, pipeline: Pipeline
) -> None:
    service = start_service(pipeline)
    healthy = exposed(service)
    service.stop()
    producer = Producer({"bootstrap.servers": pipeline.bootstrap_servers})
    for _ in range(_MANY):
        producer.produce(pipeline.images_topic, b"image")
        producer.poll(0)
    assert producer.flush(60) == 0
    service.start(ready=False)
    failing = until(lambda: text if _lag(text := exposed(service)) > 100 else None, "it is behind", every_s=0.01)

    assert alerts(tmp_path, healthy, [failing, failing]) == (set(), {"DarkroomStoreBehind"})


def _lag(text: str) -> float:
    [value] = [line.split()[1] for line in text.splitlines() if line.startswith("darkroom_store_lag ")]
    return float(value)
