"""Prefer: wait — the response has the results if they are ready in time."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.support.services.ingestion import (
    JPEG,
    PNG,
    Pipeline,
    Service,
    accepted,
    consuming,
    document,
    headers_of,
    post,
)
from tests.support.until import until

WAIT = {"Prefer": "wait=30"}


@pytest.fixture
def answering(two_stages: Pipeline) -> Iterator[None]:
    """Simulated stages, which publish a result for every image in the topic until the test ends."""
    stop = threading.Event()

    def run() -> None:
        with consuming(two_stages.bootstrap_servers) as consumer:
            consumer.subscribe([two_stages.images_topic])
            while not stop.is_set():
                message = consumer.poll(0.1)
                if message is None or message.error():
                    continue
                image = {
                    "id": headers_of(message)["ce_id"],
                    "topic": message.topic(),
                    "partition": message.partition(),
                    "offset": message.offset(),
                }
                two_stages.analyze(image, "classify")
                if message.value() == PNG:
                    two_stages.fail(image, "embed")
                else:
                    two_stages.analyze(image, "embed")

    thread = threading.Thread(target=run)
    thread.start()
    yield
    stop.set()
    thread.join()


@pytest.mark.usefixtures("answering")
def test_a_waiting_request_ends_as_soon_as_every_stage_has_answered(
    start_service: Callable[..., Service], two_stages: Pipeline
) -> None:
    service = start_service(two_stages)
    started = time.monotonic()
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: post(service, two_stages, headers=WAIT), range(8)))
    failed = post(service, two_stages, PNG, "image/png", headers=WAIT)

    assert time.monotonic() - started < 30
    for answer in answers:
        assert answer.status_code == 200
        assert answer.headers["Preference-Applied"] == "wait=30"
        found = answer.json()
        assert answer.headers["Location"] == f"{two_stages.path}/images/{found['id']}"
        assert (found["state"], [result["stage"] for result in found["results"]]) == ("Analyzed", ["classify", "embed"])
        until(lambda: document(service, two_stages, found["id"]) == found, "the same is asked for later")  # noqa: B023
    assert failed.status_code == 200
    assert failed.json()["state"] == "PartlyFailed"


@pytest.mark.usefixtures("answering")
def test_a_batch_is_waited_for_as_a_whole(start_service: Callable[..., Service], two_stages: Pipeline) -> None:
    service = start_service(two_stages)
    files = [("file", ("one.jpg", JPEG, "image/jpeg")), ("file", ("two.png", PNG, "image/png"))]
    with service.client as client:
        answer = client.post(f"{two_stages.path}/images", files=files, headers=WAIT)

    assert answer.status_code == 200
    assert [image["state"] for image in answer.json()["images"]] == ["Analyzed", "PartlyFailed"]


@pytest.mark.usefixtures("answering")
def test_a_repeated_request_finds_earlier_results(start_service: Callable[..., Service], two_stages: Pipeline) -> None:
    service = start_service(two_stages)
    image = accepted(service, two_stages, headers={"Idempotency-Key": "again"})
    until(lambda: document(service, two_stages, image["id"])["state"] == "Analyzed", "analyzed")
    answer = post(service, two_stages, headers={"Idempotency-Key": "again", **WAIT})

    assert answer.status_code == 200
    assert answer.json()["id"] == image["id"]


def test_the_response_after_the_timeout_is_202(shared: tuple[Service, Pipeline]) -> None:
    service, pipeline = shared
    started = time.monotonic()
    answer = post(service, pipeline, headers={"Prefer": "respond-async, wait=1"})

    assert time.monotonic() - started >= 1
    assert answer.status_code == 202
    assert set(answer.json()) == {"id", "topic", "partition", "offset"}
    assert answer.headers["Preference-Applied"] == "wait=1"


@pytest.mark.parametrize("prefer", ["wait", "wait=soon", "wait=-1", "handling=lenient", ""])
def test_a_malformed_preference_is_ignored(shared: tuple[Service, Pipeline], prefer: str) -> None:
    service, pipeline = shared
    answer = post(service, pipeline, headers={"Prefer": prefer})

    assert answer.status_code == 202
    assert "Preference-Applied" not in answer.headers


def test_a_stop_ends_the_wait_with_a_response(start_service: Callable[..., Service], pipeline: Pipeline) -> None:
    service = start_service(pipeline)
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(post, service, pipeline, headers=WAIT)
        until(lambda: pipeline.records(pipeline.images_topic), "the image is in the topic")
        started = time.monotonic()
        assert service.stop() == 0
        answer = waiting.result()

    assert time.monotonic() - started < 20
    assert answer.status_code == 202


def test_a_waiting_request_holds_no_memory_for_bodies(
    start_service: Callable[..., Service], pipeline: Pipeline
) -> None:
    service = start_service(pipeline, options=["--body-memory", "60Ki"])
    largest = JPEG.ljust(50_000, b"\0")
    with ThreadPoolExecutor(2) as threads:
        waiting = [
            threads.submit(post, service, pipeline, largest, headers={"Prefer": "wait=10"}),
            threads.submit(post_files, service, pipeline, largest),
        ]
        until(lambda: len(pipeline.records(pipeline.images_topic)) >= 1, "an image is acknowledged")
        until(lambda: post(service, pipeline, largest).status_code == 202, "there is memory again", timeout_s=8.0)
        answers = [future.result() for future in waiting]

    assert {answer.status_code for answer in answers} <= {202, 503}


def post_files(service: Service, pipeline: Pipeline, body: bytes) -> httpx.Response:
    with service.client as client:
        files = {"file": ("one.jpg", body, "image/jpeg")}
        return client.post(f"{pipeline.path}/images", files=files, headers={"Prefer": "wait=10"})
