"""Accepted images are stored without reading them from Kafka, and the store has exactly what the log has."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import psycopg
import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from sqlalchemy import URL

from darkroom_ingestion.kafka.log_record import LogRecord
from darkroom_ingestion.store.rows import image_row
from tests.http.store.test_filling import filling_of
from tests.support.kafka import SharedKafka
from tests.support.postgresql import make_database
from tests.support.services.http_processes import http_processes
from tests.support.services.ingestion import JPEG, Pipeline, Service, make_pipeline
from tests.support.until import until

StartService = Callable[..., Service]
_SENDERS = 4


@pytest.fixture
def pipeline(kafka: SharedKafka) -> Pipeline:
    return make_pipeline(kafka.bootstrap_servers, partitions=2)


def test_accepted_images_are_not_read_from_kafka(start_service: StartService, pipeline: Pipeline) -> None:
    service = start_service(pipeline)
    with sending(service, pipeline):
        until(lambda: passed(service) > 100, "images are stored as they were accepted")
    # Nobody says that the last ones are the last: the log does.
    foreign(pipeline, 1)
    has_the_log(service, pipeline)


def test_the_store_has_the_records_of_others_between_accepted_images(
    start_service: StartService, pipeline: Pipeline
) -> None:
    service = start_service(pipeline)
    with sending(service, pipeline) as sent:
        until(lambda: passed(service) > 20, "images are stored as they were accepted")
        foreign(pipeline, 5)
        for committed in (True, False):  # both leave a marker that is no record
            in_transaction(pipeline, committed=committed)
        admin = AdminClient({"bootstrap.servers": pipeline.bootstrap_servers})
        [deleted] = admin.delete_records([TopicPartition(pipeline.images_topic, 0, 5)]).values()
        deleted.result(timeout=30)
        before = len(sent)
        until(lambda: len(sent) > before + 50, "images are accepted meanwhile")
    log = in_log(pipeline)
    # The store keeps images that retention has deleted until its housekeeping.
    until(lambda: log.items() <= stored(service).items(), "the store has what the log has")
    assert sum(row["id"] not in sent for row in log.values()) == 7


def test_nothing_is_missing_when_the_process_that_fills_the_store_or_the_service_is_killed(
    start_service: StartService, pipeline: Pipeline
) -> None:
    service = start_service(pipeline, options=["--workers", "2"])
    with sending(service, pipeline):
        until(lambda: passed(service) > 20, "images are stored as they were accepted")
        [filling] = filling_of(service)
        filling.kill()
        before = until(lambda: passed(service), "the metrics are there")
        until(lambda: passed(service) > before + 20, "images are passed to the process that replaces it")
        http_processes(service)[0].kill()
        until(lambda: len(http_processes(service)) == 2, "the HTTP process is replaced")
    has_the_log(service, pipeline)
    with sending(service, pipeline) as sent:
        until(lambda: len(sent) > 30, "images are accepted")
        service.kill()
    service.start()
    has_the_log(service, pipeline)


def test_a_replica_stores_the_images_of_another_that_comes_and_goes(
    postgresql: URL, start_service: StartService, pipeline: Pipeline
) -> None:
    url = make_database(postgresql)
    one = start_service(pipeline, database_url=url)
    with sending(one, pipeline):
        until(lambda: passed(one) > 20, "images are stored as they were accepted")
        # It gets partitions that the first replica does not fetch at the moment, and gives them back.
        two = start_service(pipeline, database_url=url)
        with sending(two, pipeline) as sent:
            until(lambda: len(sent) > 50, "images are accepted")
        two.kill()
        before = passed(one)
        until(lambda: passed(one) > before + 20, "images are stored as they were accepted")
    foreign(pipeline, 1)
    has_the_log(one, pipeline)


@contextmanager
def sending(service: Service, pipeline: Pipeline) -> Iterator[list[str]]:
    """Send images until the end of the block. Yields the ids of those that were accepted."""
    ids: list[str] = []
    stop = threading.Event()

    def send() -> None:
        with service.client as client:
            while not stop.wait(0.02):
                try:
                    answer = client.post(
                        f"{pipeline.path}/images", content=JPEG, headers={"Content-Type": "image/jpeg"}
                    )
                    if answer.status_code == 202:
                        ids.append(answer.json()["id"])
                except httpx.TransportError:
                    stop.wait(0.05)

    threads = [threading.Thread(target=send) for _ in range(_SENDERS)]
    for thread in threads:
        thread.start()
    try:
        yield ids
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def has_the_log(service: Service, pipeline: Pipeline) -> None:
    log = in_log(pipeline)
    until(lambda: stored(service) == log, "the store has what the log has")


def foreign(pipeline: Pipeline, number: int) -> None:
    """Publish images that the service has not accepted."""
    for n in range(number):
        headers = [("ce_id", f"foreign-{n}".encode()), ("content-type", b"image/jpeg")]
        pipeline.publish(pipeline.images_topic, JPEG, headers, b"key", n % 2)


def in_transaction(pipeline: Pipeline, *, committed: bool) -> None:
    """Publish an image to each partition in a transaction."""
    name = f"{pipeline.namespace}-{committed}"
    producer = Producer({"bootstrap.servers": pipeline.bootstrap_servers, "transactional.id": name})
    producer.init_transactions(60)
    producer.begin_transaction()
    for partition in range(2):
        headers = [("ce_id", f"committed-{partition}".encode()), ("content-type", b"image/jpeg")]
        producer.produce(pipeline.images_topic, JPEG, b"key", partition=partition, headers=headers)
    if committed:
        producer.commit_transaction(60)
    else:
        producer.flush(60)
        producer.abort_transaction(60)


def in_log(pipeline: Pipeline) -> dict[tuple[int, int], dict[str, Any]]:
    """The row of each image in the log, by partition and offset."""
    records = [LogRecord.of(message) for message in pipeline.records(pipeline.images_topic)]
    key = f"{pipeline.namespace}/{pipeline.name}"
    return {(record.partition, record.offset): image_row(key, record) for record in records}


def stored(service: Service) -> dict[tuple[int, int], dict[str, Any]]:
    """The row of each image in the store, by partition and offset."""
    if service.database_url is None:
        connection: Any = sqlite3.connect(f"file:{service.database}?mode=ro", uri=True)
    else:
        connection = psycopg.connect(service.database_url.replace("+psycopg", ""))
    try:
        cursor = connection.execute("SELECT * FROM images")
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    finally:
        connection.close()
    return {(row["partition"], row["offset"]): row for row in rows}


def passed(service: Service) -> float:
    """How many images were stored as they were accepted."""
    with service.client as client:
        lines = client.get("/metrics").text.splitlines()
    [line] = [line for line in lines if line.startswith("darkroom_store_passed_total")]
    return float(line.split()[1])
