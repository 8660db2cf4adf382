"""Limits of callers, with real connections."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import pytest

from tests.support.services.ingestion import JPEG, Pipeline, Service, headers_of, post
from tests.support.until import until

StartService = Callable[..., Service]


def kind_of(refused: httpx.Response) -> str:
    """The kind of the problem, after a check of the response."""
    assert refused.status_code == 429, refused.text
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert int(refused.headers["Retry-After"]) > 0
    return str(refused.json()["type"]).rpartition("/")[2]


def test_bytes_beyond_those_of_a_caller_are_refused_until_the_time_it_is_told(
    start_service: StartService, pipeline: Pipeline
) -> None:
    service = start_service(pipeline, options=["--bytes-per-caller", "1"])
    headers = {"Content-Type": "image/jpeg"}
    assert post(service, pipeline).status_code == 202
    with service.client as client:
        plain = client.post(f"{pipeline.path}/images", content=JPEG, headers=headers)
        of_framework = client.post(f"{pipeline.path}/images", content=JPEG, headers=headers | {"Idempotency-Key": "1"})
        in_chunks = client.post(f"{pipeline.path}/images", content=iter([JPEG]), headers=headers)
        files = client.post(f"{pipeline.path}/images", files={"file": ("a.jpg", JPEG, "image/jpeg")})
        for refused in (plain, of_framework, in_chunks, files):
            assert kind_of(refused) == "too-many-bytes"
            assert refused.headers["Connection"] == "close"
            assert len(JPEG) - 60 < int(refused.headers["Retry-After"]) <= len(JPEG)
        metrics = client.get("/metrics").text
    assert 'darkroom_caller_limit_refusals_total{limit="bytes"} 4.0' in metrics
    assert "darkroom_limited_callers 1.0" in metrics


def test_requests_that_wait_are_limited(start_service: StartService, pipeline: Pipeline) -> None:
    service = start_service(pipeline, options=["--waiting-per-caller", "1"])
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(post, service, pipeline, headers={"Prefer": "wait=60"})
        [record] = until(lambda: pipeline.records(pipeline.images_topic), "the first image is published")
        assert kind_of(post(service, pipeline, headers={"Prefer": "wait=60"})) == "too-many-waiting"
        assert post(service, pipeline).status_code == 202
        position = {"topic": record.topic(), "partition": record.partition(), "offset": record.offset()}
        pipeline.analyze({"id": headers_of(record)["ce_id"], **position})
        assert waiting.result().status_code == 200
    until(lambda: post(service, pipeline, headers={"Prefer": "wait=1"}).status_code == 202, "the place is free again")


@pytest.mark.parametrize("option", ["--streams-per-caller", "--live-clients-per-address"])
def test_streams_are_limited(start_service: StartService, pipeline: Pipeline, option: str) -> None:
    service = start_service(pipeline, options=[option, "2"])
    path = f"{pipeline.path}/events"

    def is_free() -> bool:
        with service.client as client, client.stream("GET", path) as answer:
            return answer.status_code == 200

    with service.client as client:
        with ExitStack() as stack:
            for followed in (path, "/v1/live"):
                stream = stack.enter_context(service.client)
                assert stack.enter_context(stream.stream("GET", followed)).status_code == 200
            assert kind_of(client.get(path)) == kind_of(client.get("/v1/live")) == "too-many-live-clients"
        until(is_free, "a stream is free again")


def test_an_export_that_has_ended_does_not_count(start_service: StartService, pipeline: Pipeline) -> None:
    service = start_service(pipeline, options=["--exports-per-caller", "1"])
    with service.client as client:
        for _ in range(3):
            assert client.get(f"{pipeline.path}/export").status_code == 200
