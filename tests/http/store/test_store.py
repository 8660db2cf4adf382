"""The results store: rebuilt from the log, pruned with it, and without losses."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import confluent_kafka
from confluent_kafka.admin import AdminClient

from darkroom import names
from darkroom.kafka.connection import KafkaConnection
from darkroom.kafka.log import TopicPartition
from darkroom_ingestion.kafka.log_admin import LogAdmin
from darkroom_ingestion.store.housekeeping import forget_expired_records
from darkroom_ingestion.store.opening import open_database
from tests.support.raw_record import publish_raw
from tests.support.services.ingestion import JPEG, Pipeline, Service, accepted, document, post
from tests.support.services.result_pages import pages, wait_for_results
from tests.support.until import until

StartService = Callable[..., Service]


def test_the_store_removes_what_retention_has_removed(start_service: StartService, pipeline: Pipeline) -> None:
    service = start_service(pipeline)
    images = [accepted(service, pipeline, params={"key": "same"}) for _ in range(5)]
    pipeline.analyze_many(images)
    wait_for_results(service, pipeline, 5)
    service.stop()
    admin = AdminClient({"bootstrap.servers": pipeline.bootstrap_servers})
    results = names.results_topic(pipeline.namespace, pipeline.name, "classify")
    cut = [
        confluent_kafka.TopicPartition(topic, images[0]["partition"], 3) for topic in (pipeline.images_topic, results)
    ]
    for deleted in admin.delete_records(cut).values():
        deleted.result(timeout=30)

    database = open_database(f"sqlite:///{service.database}")
    log = LogAdmin(KafkaConnection(bootstrap_servers=pipeline.bootstrap_servers))
    topics, done = frozenset({pipeline.images_topic, results}), dict[TopicPartition, int]()
    with ThreadPoolExecutor(1) as thread:
        forgotten = [asyncio.run(forget_expired_records(database, log, topics, done, thread)) for _ in range(3)]
    database.close()
    assert forgotten == [6, 0, 0]  # of images and results
    service.start()
    assert [result["imageId"] for result in pages(service, pipeline)] == [images[4]["id"], images[3]["id"]]
    with service.client as client:
        assert client.get(f"{pipeline.path}/images/{images[2]['id']}").status_code == 404
        assert client.get(f"{pipeline.path}/images/{images[3]['id']}").status_code == 200


def test_a_store_that_was_deleted_is_rebuilt_from_the_log(start_service: StartService, two_stages: Pipeline) -> None:
    service = start_service(two_stages)
    images = [accepted(service, two_stages, params={"key": f"camera-{n % 3}"}) for n in range(12)]
    two_stages.analyze_many(images[:8], "classify")
    two_stages.analyze_many(images[2:], "embed", label="vector")
    for image in images[8:10]:
        two_stages.fail(image, "classify")
    wait_for_results(service, two_stages, 18)
    until(lambda: len(pages(service, two_stages, "dead-letters")) == 2, "both dead letters are there")
    with service.client as client:
        [letter, *_] = pages(service, two_stages, "dead-letters")
        redriven = client.post(
            f"{two_stages.path}/dead-letters/redrive", json={"stage": "classify", "ids": [letter["id"]]}
        )
        assert redriven.json()["redriven"] == 1

    def everything() -> Any:
        letters = pages(service, two_stages, "dead-letters", limit=1)
        documents = [document(service, two_stages, image["id"]) for image in images]
        for failure in [*letters, *(failure for found in documents for failure in found["failures"])]:
            for name in ("redrivenAt", "replayedAt"):
                failure[name] = failure[name] is not None
        return documents, pages(service, two_stages, limit=5), letters

    before = everything()
    assert service.stop() == 0
    for file in service.folder.glob("store.db*"):
        file.unlink()
    service.start()

    for rebuilt, was in zip(everything(), before, strict=True):
        for one, other in zip(rebuilt, was, strict=True):
            assert one == other
    assert {found["state"] for found in before[0]} == {"Received", "Analyzed", "PartlyFailed"}


def test_an_image_whose_headers_are_not_readable_is_known_by_its_place_in_the_log(
    start_service: StartService, pipeline: Pipeline
) -> None:
    service = start_service(pipeline)
    headers = [(b"ce_id", b"not-read"), (b"\xff", b"")]
    offset = publish_raw(pipeline.bootstrap_servers, pipeline.images_topic, 0, JPEG, headers)
    image_id = names.image_id_at(pipeline.images_topic, 0, offset)
    with service.client as client:
        path = f"{pipeline.path}/images/{image_id}"
        until(lambda: client.get(path).status_code == 200, "the image is stored")
        assert client.get(f"{path}/content").content == JPEG


def test_a_recreated_topic_is_read_from_its_beginning(start_service: StartService, pipeline: Pipeline) -> None:
    service = start_service(pipeline)
    old = [accepted(service, pipeline, params={"key": "one"}) for _ in range(3)]
    document(service, pipeline, old[0]["id"])
    service.stop()
    admin = AdminClient({"bootstrap.servers": pipeline.bootstrap_servers})
    [deleted] = admin.delete_topics([pipeline.images_topic], operation_timeout=30).values()
    deleted.result(timeout=30)
    until(lambda: pipeline.images_topic not in admin.list_topics(timeout=10).topics, "the topic is gone")
    pipeline.make_topics()
    service.start()
    new = accepted(service, pipeline, params={"key": "one"})

    assert new["offset"] == 0
    assert document(service, pipeline, new["id"])["image"]["offset"] == 0
    with service.client as client:
        assert client.get(f"{pipeline.path}/images/{old[0]['id']}").status_code == 404


def test_a_full_store_pauses_consumption_and_drops_nothing(start_service: StartService, pipeline: Pipeline) -> None:
    """Simulates a full disk: the file can't be written while another connection holds its lock."""
    service = start_service(pipeline)
    holder = sqlite3.connect(service.database, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    image = accepted(service, pipeline)
    pipeline.analyze(image)
    with service.client as client:
        until(lambda: client.get("/readyz").status_code == 503, "not ready")
        failing = [check["name"] for check in client.get("/readyz").json()["checks"] if not check["ok"]]
        keyed = post(service, pipeline, headers={"Idempotency-Key": "k"})
        metric = client.get("/metrics").text
    holder.execute("ROLLBACK")
    holder.close()

    assert "store" in failing
    assert keyed.status_code == 503
    assert keyed.headers["Retry-After"]
    assert "darkroom_store_writable 0.0" in metric
    until(service.is_ready, "ready again")
    until(lambda: document(service, pipeline, image["id"])["state"] == "Analyzed", "nothing was dropped")
