"""Redrives in the background: their progress, their record, and what interrupts them."""

import sqlite3
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from confluent_kafka import OFFSET_END, TopicPartition
from confluent_kafka.admin import AdminClient

from tests.support.services.ingestion import Pipeline, Service, accepted, headers_of
from tests.support.until import until

StartService = Callable[..., Service]
Shared = tuple[Service, Pipeline]


def failed_images(service: Service, pipeline: Pipeline, count: int, **options: Any) -> list[dict[str, Any]]:
    """Images with a dead letter that the service has read."""
    images = [accepted(service, pipeline) for _ in range(count)]
    for image in images:
        pipeline.fail(image, **options)
    with service.client as client:
        until(lambda: matched(client, pipeline, all=True) >= count, "the dead letters are there")
    return images


def matched(client: httpx.Client, pipeline: Pipeline, **selection: Any) -> int:
    asked = {"stage": "classify", "dryRun": True, **selection}
    answer = client.post(f"{pipeline.path}/dead-letters/redrives", json=asked)
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"matched"}
    number: int = answer.json()["matched"]
    return number


def started(service: Service, pipeline: Pipeline, **asked: Any) -> str:
    """The path of a new redrive."""
    with service.client as client:
        answer = client.post(f"{pipeline.path}/dead-letters/redrives", json={"stage": "classify", **asked})
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"].endswith(answer.json()["id"])
    return answer.headers["Location"]


def shown(service: Service, path: str) -> dict[str, Any]:
    with service.client as client:
        answer = client.get(path)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def forget_claims(service: Service) -> None:
    """Do what the passing of a minute does."""
    with sqlite3.connect(service.database) as store:
        store.execute("UPDATE redrive_jobs SET claimed_at_ms = 0")


def remove_records(pipeline: Pipeline, topic: str) -> None:
    admin = AdminClient({"bootstrap.servers": pipeline.bootstrap_servers})
    partitions = admin.list_topics(topic, timeout=30).topics[topic].partitions
    for done in admin.delete_records([TopicPartition(topic, number, OFFSET_END) for number in partitions]).values():
        done.result(30)


def ended(service: Service, path: str) -> dict[str, Any]:
    return until(lambda: job if (job := shown(service, path))["state"] != "Running" else None, "the redrive has ended")


def test_a_redrive_publishes_all_that_match_and_is_recorded(start_service: StartService, pipeline: Pipeline) -> None:
    service = start_service(pipeline)
    images = failed_images(service, pipeline, 20, reason="Slow")
    failed_images(service, pipeline, 2)
    with service.client as client:
        assert matched(client, pipeline, reason="Slow") == 20
        assert matched(client, pipeline, ids=[image["id"] for image in images[:3]]) == 3
        assert matched(client, pipeline, until="2000-01-01T00:00:00Z") == 0
        assert client.get(f"{pipeline.path}/dead-letters/redrives").json() == {"redrives": [], "next": None}
    path = started(service, pipeline, reason="Slow", ratePerSecond=1_000)
    job = ended(service, path)
    by_id = ended(service, started(service, pipeline, ids=[images[0]["id"], images[0]["id"]]))

    assert (job["state"], job["matched"], job["redriven"], job["failed"]) == ("Done", 20, 20, 0)
    assert (job["by"], job["selection"], job["message"]) == ("127.0.0.1", {"reason": "Slow"}, None)
    assert job["startedAt"] <= job["finishedAt"]
    assert (by_id["matched"], by_id["redriven"]) == (1, 1)  # although it was redriven before
    published = [record.key() for record in pipeline.records(pipeline.images_topic)]
    assert len(published) == 22 + 20 + 1
    with service.client as client:
        listed = client.get(f"{pipeline.path}/dead-letters/redrives").json()["redrives"]
        assert matched(client, pipeline, all=True) == 2
    assert listed == [by_id, job]


def test_a_redrive_keeps_its_rate_and_can_be_stopped(start_service: StartService, pipeline: Pipeline) -> None:
    service = start_service(pipeline)
    failed_images(service, pipeline, 6)
    path = started(service, pipeline, all=True, ratePerSecond=0.1)
    until(lambda: shown(service, path)["redriven"] == 1, "the first image is redriven")
    with service.client as client:
        second = client.post(f"{pipeline.path}/dead-letters/redrives", json={"stage": "classify", "all": True})
        stopped = client.delete(path)
        again = client.delete(path)

    assert (second.status_code, second.json()["running"]) == (409, path.rpartition("/")[2])
    assert (stopped.json()["state"], stopped.json()["message"]) == ("Stopped", "Stopped by 127.0.0.1.")
    assert (again.status_code, again.json()) == (200, stopped.json())
    rest = ended(service, started(service, pipeline, all=True))
    assert (rest["state"], rest["matched"], rest["redriven"]) == ("Done", 5, 5)
    assert len(pipeline.records(pipeline.images_topic)) == 12


@pytest.mark.parametrize("ending", ["stop", "kill"])
def test_a_redrive_goes_on_after_a_restart(start_service: StartService, pipeline: Pipeline, ending: str) -> None:
    """After a crash too, once the claim of the process that is gone has ended."""
    service = start_service(pipeline)
    images = failed_images(service, pipeline, 4)
    path = started(service, pipeline, all=True, ratePerSecond=0.5)
    until(lambda: shown(service, path)["redriven"] == 1, "the first image is redriven")
    getattr(service, ending)()
    if ending == "kill":
        forget_claims(service)
    service.start()
    job = ended(service, path)

    assert (job["state"], job["matched"], job["redriven"], job["failed"]) == ("Done", 4, 4, 0)
    published = Counter(headers_of(record)["ce_id"] for record in pipeline.records(pipeline.images_topic))
    assert published == {image["id"]: 2 for image in images}


def test_dead_letters_that_retention_has_removed_are_counted(start_service: StartService, pipeline: Pipeline) -> None:
    service = start_service(pipeline)
    failed_images(service, pipeline, 2)
    remove_records(pipeline, f"{pipeline.namespace}.digits.classify.dead-letters")
    job = ended(service, started(service, pipeline, all=True))

    assert (job["state"], job["redriven"], job["failed"]) == ("Done", 0, 2)
    assert "no longer in" in job["message"]


@pytest.mark.parametrize(
    "asked",
    [
        {"stage": "classify"},
        {"stage": "none", "all": True},
        {"stage": "classify", "all": True, "ratePerSecond": 0},
        {"stage": "classify", "all": True, "limit": 5},
        {"stage": "classify", "since": "yesterday"},
    ],
)
def test_an_ambiguous_redrive_is_refused(shared: Shared, asked: dict[str, Any]) -> None:
    service, pipeline = shared
    with service.client as client:
        assert client.post(f"{pipeline.path}/dead-letters/redrives", json=asked).status_code == 422
        assert client.get(f"{pipeline.path}/dead-letters/redrives/none").status_code == 404
        assert client.delete(f"{pipeline.path}/dead-letters/redrives/none").status_code == 404
