"""Idempotency-Key: a repeated request is accepted once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.support.services.ingestion import JPEG, PNG, Pipeline, Service, accepted, headers_of, post

Shared = tuple[Service, Pipeline]


def with_key(key: str) -> dict[str, Any]:
    return {"headers": {"Idempotency-Key": key}}


def ids_in_topic(pipeline: Pipeline) -> list[str]:
    return [headers_of(record)["ce_id"] for record in pipeline.records(pipeline.images_topic)]


def test_the_same_key_and_body_have_the_same_response_and_are_published_once(shared: Shared) -> None:
    service, pipeline = shared
    first = accepted(service, pipeline, **with_key("same"))
    again = accepted(service, pipeline, **with_key("same"))

    assert again == first
    assert ids_in_topic(pipeline).count(first["id"]) == 1


def test_the_same_key_with_another_body_or_ordering_key_is_refused(shared: Shared) -> None:
    service, pipeline = shared
    accepted(service, pipeline, **with_key("other"))

    for answer in (
        post(service, pipeline, PNG, "image/png", **with_key("other")),
        post(service, pipeline, params={"key": "camera-7"}, **with_key("other")),
    ):
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_response_survives_a_crash_of_the_service(start_service: Callable[..., Service], pipeline: Pipeline) -> None:
    service = start_service(pipeline)
    first = accepted(service, pipeline, **with_key("crash"))
    service.kill()
    service.start(ready=False)

    assert accepted(service, pipeline, **with_key("crash")) == first
    assert ids_in_topic(pipeline) == [first["id"]]


def test_concurrent_requests_with_one_key_publish_one_image(shared: Shared) -> None:
    service, pipeline = shared
    with ThreadPoolExecutor(12) as threads:
        images = list(threads.map(lambda _: accepted(service, pipeline, **with_key("race")), range(12)))

    assert len({image["id"] for image in images}) == 1
    assert len({image["offset"] for image in images}) == 1
    assert ids_in_topic(pipeline).count(images[0]["id"]) == 1


def test_keys_of_different_pipelines_are_different(
    start_service: Callable[..., Service], pipeline: Pipeline, two_stages: Pipeline
) -> None:
    service = start_service(pipeline, two_stages)
    here = accepted(service, pipeline, **with_key("shared"))
    there = accepted(service, two_stages, **with_key("shared"))

    assert here["id"] != there["id"]


def test_a_repeated_batch_is_accepted_once(shared: Shared) -> None:
    service, pipeline = shared
    files = [("file", (f"{number}.jpg", JPEG + bytes([number]), "image/jpeg")) for number in range(3)]
    with service.client as client:
        answers = [
            # The boundary, and so the whole body, differs each time.
            client.post(f"{pipeline.path}/images", files=files, headers={"Idempotency-Key": "batch"})
            for _ in range(2)
        ]

    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()
    assert len({image["id"] for image in answers[0].json()["images"]}) == 3
