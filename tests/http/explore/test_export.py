"""GET …/export."""

import json
from collections.abc import Callable

from tests.support.services.ingestion import Pipeline, Service, accepted
from tests.support.services.result_pages import wait_for_results

StartService = Callable[..., Service]


def test_the_images_that_a_filter_selects_are_exported(start_service: StartService, pipeline: Pipeline) -> None:
    service = start_service(pipeline)
    images = [accepted(service, pipeline) for _ in range(230)]  # more than two parts
    box = {"x": 1, "y": 2, "width": 3, "height": 4}
    found = [{"label": "dog", "index": 1, "score": 0.5, "box": box}]
    pipeline.analyze_many(images[:-1], outputType="Detection", predictions=found)
    pipeline.analyze(images[-1], label="three")
    wait_for_results(service, pipeline, 230)

    with service.client as client:
        lines = client.get(f"{pipeline.path}/export", params={"label": "dog"})
        coco = client.get(f"{pipeline.path}/export", params={"label": "dog", "format": "coco"})
        assert client.get(f"{pipeline.path}/export", params={"format": "csv"}).status_code == 422
    assert lines.headers["Content-Type"] == "application/jsonl"
    assert lines.headers["Content-Disposition"] == f'attachment; filename="{pipeline.namespace}-digits.jsonl"'
    documents = [json.loads(line) for line in lines.text.splitlines()]
    assert {one["id"] for one in documents} == {image["id"] for image in images[:-1]}
    [result] = documents[0]["results"]
    assert (result["predictions"], result["summary"]) == (found, "1: dog 0.50")
    assert documents[0]["state"] == "Analyzed"

    data_set = coco.json()
    assert len(data_set["images"]) == len({one["id"] for one in data_set["images"]}) == 229
    assert {one["image_id"] for one in data_set["annotations"]} == {one["id"] for one in data_set["images"]}
    assert data_set["annotations"][0]["bbox"] == [1, 2, 3, 4]
    assert [category["name"] for category in data_set["categories"]] == ["dog"]
