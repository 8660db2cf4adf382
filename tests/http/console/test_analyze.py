"""POST …/images/{id}/analyze: stored images are analysed again."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from darkroom import names
from tests.support.services.ingestion import JPEG, Pipeline, Service, accepted, document, headers_of, result_data
from tests.support.until import until

StartService = Callable[..., Service]


def again(service: Service, pipeline: Pipeline, image_id: str, **body: Any) -> dict[str, Any]:
    with service.client as client:
        answer = client.post(f"{pipeline.path}/images/{image_id}/analyze", **body)
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


def publish_result(pipeline: Pipeline, image: dict[str, Any], generation: str) -> None:
    """As a stage publishes the result of a generation."""
    event = replace(
        pipeline.result_event(image["id"], "classify"), id=names.result_id(image["id"], "classify", generation)
    )
    data = result_data(image, "classify", "new") | {"generation": generation}
    topic = names.results_topic(pipeline.namespace, pipeline.name, "classify")
    value = json.dumps(data).encode()
    pipeline.publish(topic, value, event.headers(), image["id"].encode(), image["partition"])


def test_an_image_is_published_again_for_the_stages_that_are_named(
    start_service: StartService, two_stages: Pipeline
) -> None:
    service = start_service(two_stages)
    image = accepted(service, two_stages, params={"key": "camera-7"})
    whole = again(service, two_stages, image["id"])
    one = again(service, two_stages, image["id"], json={"stages": ["embed"]})
    both = again(service, two_stages, image["id"], json={"stages": ["embed", "classify"]})

    assert [record["stage"] for record in whole["records"]] == [None]
    assert (one["id"], one["records"]) == (
        image["id"],
        [{"stage": "embed", "partition": one["partition"], "offset": one["offset"]}],
    )
    assert [record["stage"] for record in both["records"]] == [None]
    records = {record.offset(): record for record in two_stages.records(two_stages.images_topic)}
    assert len(records) == 4
    for position, stage in ((whole, None), (one, "embed"), (both, None)):
        record = records[position["offset"]]
        headers = headers_of(record)
        assert (record.partition(), record.key(), record.value()) == (image["partition"], b"camera-7", JPEG)
        assert headers["ce_id"] == image["id"]
        assert headers.get("darkroom-target-stage") == stage
        assert headers["darkroom-generation"] == position["generation"]


def test_the_new_result_replaces_the_former_one(start_service: StartService, pipeline: Pipeline) -> None:
    service = start_service(pipeline)
    image = accepted(service, pipeline)
    pipeline.analyze(image, label="former")
    until(lambda: document(service, pipeline, image["id"])["results"], "the first result is there")
    position = again(service, pipeline, image["id"], json={})
    publish_result(pipeline, image | position, position["generation"])

    def newest() -> bool:
        [result] = document(service, pipeline, image["id"])["results"]
        return result["predictions"][0]["label"] == "new"

    until(newest, "the newest result is shown")
    assert document(service, pipeline, image["id"])["state"] == "Analyzed"


def test_only_images_of_the_log_are_analysed_again(start_service: StartService, pipeline: Pipeline) -> None:
    service = start_service(pipeline)
    image = accepted(service, pipeline)
    only_result = image | {"id": "gone"}
    pipeline.analyze(only_result)
    until(lambda: document_status(service, pipeline, "gone") == 200, "the result is there")
    with service.client as client:
        path = f"{pipeline.path}/images"
        assert client.post(f"{path}/none/analyze").status_code == 404
        assert client.post(f"{path}/gone/analyze").status_code == 410
        assert client.post(f"{path}/{image['id']}/analyze", json={"stages": ["none"]}).status_code == 422
        assert client.post(f"{path}/{image['id']}/analyze", json={"stages": []}).status_code == 422
        assert client.post(f"{path}/{image['id']}/analyze", content=b"{").status_code in {400, 422}


def document_status(service: Service, pipeline: Pipeline, image_id: str) -> int:
    with service.client as client:
        return client.get(f"{pipeline.path}/images/{image_id}").status_code
