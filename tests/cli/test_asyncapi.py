"""The AsyncAPI document of `darkroom topology` and of the service describes the records that a real pipeline makes."""

import uuid
from pathlib import Path

import httpx

from tests.support.asyncapi.records import assert_is_asyncapi, assert_record_is_described
from tests.support.kafka import SharedKafka
from tests.support.services.command_line import IMAGES, Up, darkroom, sample_in
from tests.support.services.ingestion import Pipeline
from tests.support.until import until

PNG = (IMAGES / "digit-0023-label-three.png").read_bytes()
CONTEXT = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}


def test_records_of_a_pipeline_are_as_its_document_says(tmp_path: Path, kafka: SharedKafka, ups: list[Up]) -> None:
    namespace = f"ns-{uuid.uuid4().hex[:8]}"
    manifest = sample_in(tmp_path, namespace)
    ups.append(Up(tmp_path / "data", manifest, "--port", "0", "--bootstrap-servers", kafka.bootstrap_servers))
    with httpx.Client(base_url=ups[0].until_ready()) as client:
        path = f"/v1/pipelines/{namespace}/digits/images"
        for body, more in ((PNG, CONTEXT), (PNG[: len(PNG) // 2], {})):
            response = client.post(
                path, content=body, headers={"content-type": "image/png", **more}, params={"key": "k"}
            )
            image = response.json()["id"]
            until(lambda image=image: client.get(f"{path}/{image}").json()["state"] != "Received", "done")
        served = client.get("/asyncapi.json").json()

    assert_is_asyncapi(served)
    assert darkroom("topology", manifest, "--asyncapi").json == served
    topics = Pipeline(kafka.bootstrap_servers, {}, namespace, "digits", ["classify", "embed"])
    for topic, message, count in (
        ("images", "ImageReceived", 2),
        ("classify.results", "ImageAnalyzed.Classification", 1),
        ("embed.results", "ImageAnalyzed.Embedding", 1),
        ("classify.dead-letters", "ImageFailed", 1),
    ):
        records = topics.records(f"{namespace}.digits.{topic}")
        assert len(records) == count, topic
        for record in records:
            assert_record_is_described(record, served, message)
