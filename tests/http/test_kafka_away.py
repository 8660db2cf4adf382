"""Without a broker: no 202 without an acknowledgement, a response in bounded time, nothing lost."""

import resource
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import psutil
import pytest

from darkroom_cli.local_kafka import LocalKafka
from tests.support.services.ingestion import (
    JPEG,
    Pipeline,
    Service,
    accepted,
    document,
    headers_of,
    make_pipeline,
    post,
)
from tests.support.until import until

TIMEOUT_S = 3.0
# In addition to the delivery timeout, for a machine that is busy with other tests.
GRACE_S = 15.0


@pytest.fixture
def broker(fresh_kafka: Callable[..., LocalKafka]) -> LocalKafka:
    broker = fresh_kafka()
    broker.start()
    return broker


@pytest.fixture
def away(broker: LocalKafka, start_service: Callable[..., Service]) -> tuple[Service, Pipeline]:
    pipeline = make_pipeline(broker.bootstrap_servers)
    return start_service(pipeline, options=["--delivery-timeout", str(TIMEOUT_S)]), pipeline


def ids(pipeline: Pipeline) -> list[str]:
    return [headers_of(record)["ce_id"] for record in pipeline.records(pipeline.images_topic)]


def test_nothing_is_accepted_without_a_broker_and_nothing_accepted_is_lost(
    broker: LocalKafka, away: tuple[Service, Pipeline]
) -> None:
    service, pipeline = away
    before = accepted(service, pipeline)
    broker.stop()

    started = time.monotonic()
    with ThreadPoolExecutor(5) as threads:
        answers = list(threads.map(lambda n: post(service, pipeline, headers={"Idempotency-Key": f"k{n}"}), range(5)))
    assert time.monotonic() - started < TIMEOUT_S + GRACE_S
    for answer in answers:
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert int(answer.headers["Retry-After"]) >= 1
    with service.client as client:
        ready = client.get("/readyz")
        assert ready.status_code == 503
        assert [check["name"] for check in ready.json()["checks"] if not check["ok"]] == [
            f"kafka {broker.bootstrap_servers}"
        ]
        assert client.get("/healthz").status_code == 200
        assert client.get(f"{pipeline.path}/images/{before['id']}").json()["state"] == "Received"

    broker.start()

    def send_again() -> list[httpx.Response] | None:
        answers = [post(service, pipeline, headers={"Idempotency-Key": f"k{n}"}) for n in range(5)]
        return answers if all(answer.status_code == 202 for answer in answers) else None

    images = [answer.json() for answer in until(send_again, "images are accepted again")]
    assert len({image["id"] for image in images}) == 5
    assert {before["id"], *(image["id"] for image in images)} == set(ids(pipeline))
    until(service.is_ready, "ready again")
    for image in images:
        assert document(service, pipeline, image["id"])["image"]["offset"] == image["offset"]


def test_files_of_images_are_refused_soon_and_come_again_with_the_broker(
    broker: LocalKafka, away: tuple[Service, Pipeline]
) -> None:
    service, pipeline = away
    image = f"{pipeline.path}/images/{accepted(service, pipeline)['id']}"
    content, thumbnail = f"{image}/content", f"{image}/thumbnail"
    with service.client as client:
        assert client.get(content).content == JPEG
        broker.stop()
        # Of a client that had a connection, and of a new one.
        for path in (content, content, thumbnail):
            refused = client.get(path)
            assert refused.status_code == 503
            assert refused.json()["type"].endswith("/kafka-unavailable")
            assert "Connection refused" in refused.json()["detail"]
        broker.start()
        until(lambda: client.get(content).status_code == 200, "the file can be read again")


def test_an_image_sent_just_before_the_broker_returns_gets_a_late_202(
    broker: LocalKafka, start_service: Callable[..., Service]
) -> None:
    pipeline = make_pipeline(broker.bootstrap_servers)
    service = start_service(pipeline, options=["--delivery-timeout", "60"])
    broker.stop()
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(accepted, service, pipeline)
        broker.start()
        image = waiting.result()

    assert ids(pipeline) == [image["id"]]


def test_the_service_starts_without_a_broker_and_becomes_ready_with_it(
    broker: LocalKafka, start_service: Callable[..., Service]
) -> None:
    pipeline = make_pipeline(broker.bootstrap_servers)
    broker.stop()
    service = start_service(pipeline, ready=False, options=["--delivery-timeout", "1"])
    assert post(service, pipeline).status_code == 503
    broker.start()

    until(service.is_ready, "ready")
    until(lambda: post(service, pipeline).status_code == 202, "images are accepted")


def test_a_full_disk_of_the_broker_is_a_503_and_nothing_accepted_is_lost(
    broker: LocalKafka, away: tuple[Service, Pipeline]
) -> None:
    """Simulates a full disk: the broker's files may not grow beyond the present size of its segments."""
    service, pipeline = away
    before = accepted(service, pipeline)
    (process,) = (p for p in psutil.Process().children(recursive=True) if p.cwd() == str(broker.data_dir))
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (len(JPEG), len(JPEG)))

    answer = post(service, pipeline)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 1
    with service.client as client:
        (refused,) = [
            line
            for line in client.get("/metrics").text.splitlines()
            if line.startswith("darkroom_images_refused_total") and pipeline.name in line
        ]
    assert float(refused.rpartition(" ")[2]) >= 1

    process.wait(60)
    broker.stop()
    broker.start()
    after = until(lambda: (a := post(service, pipeline)).status_code == 202 and a.json(), "images are accepted")
    assert {before["id"], after["id"]} <= set(ids(pipeline))
