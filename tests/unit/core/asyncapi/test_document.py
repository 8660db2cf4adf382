"""The AsyncAPI document of pipelines."""

from dataclasses import replace

from darkroom.api.validation import parse_pipeline
from darkroom.asyncapi.document import asyncapi_document
from darkroom.events import RESULT_FIELDS
from darkroom.topology import Topology, topology
from tests.support.asyncapi.records import assert_is_asyncapi, resolved
from tests.support.manifests import pipeline_manifest


def with_output_types(plan: Topology, types: list[str]) -> Topology:
    def of_type(output_type: str, i: int) -> object:
        spec = plan.stages[i].spec
        return spec.model_copy(update={"output": spec.output.model_copy(update={"type": output_type})})

    return replace(plan, stages=tuple(replace(stage, spec=of_type(types[i], i)) for i, stage in enumerate(plan.stages)))


def test_it_is_valid_with_every_output_type_and_all_topics_of_several_pipelines() -> None:
    types = list(RESULT_FIELDS)
    many = topology(parse_pipeline(pipeline_manifest(stages=[f"s{i}" for i in range(len(types))])))
    other = topology(parse_pipeline(pipeline_manifest(namespace="prod", name="labels")))

    document = asyncapi_document([with_output_types(many, types), other])

    assert_is_asyncapi(document)
    assert set(document["channels"]) == {topic.name for plan in (many, other) for topic in plan.topics}


def test_it_is_valid_without_pipelines() -> None:
    assert_is_asyncapi(asyncapi_document([]))


def test_a_topic_has_its_settings_in_the_kafka_binding() -> None:
    manifest = pipeline_manifest(images={"partitions": 5, "replicas": 2, "retention": "1h"})
    manifest["spec"]["stages"][0]["results"] = {
        "config": {"cleanup.policy": "compact, delete", "min.insync.replicas": 2}
    }

    document = asyncapi_document([topology(parse_pipeline(manifest))])

    assert_is_asyncapi(document)
    images = document["channels"]["demo.digits.images"]["bindings"]["kafka"]
    assert (images["partitions"], images["replicas"]) == (5, 2)
    assert images["topicConfiguration"]["retention.ms"] == 3_600_000
    results = document["channels"]["demo.digits.classify.results"]["bindings"]["kafka"]["topicConfiguration"]
    assert results["cleanup.policy"] == ["compact", "delete"]
    assert results["min.insync.replicas"] == "2"


def test_a_stage_receives_images_as_its_group_and_sends_results_of_its_type() -> None:
    document = asyncapi_document([topology(parse_pipeline(pipeline_manifest()))])

    found = {
        (operation["action"], resolved(document, operation["channel"]["$ref"])["address"])
        for operation in document["operations"].values()
    }
    assert found == {
        ("receive", "demo.digits.images"),
        ("send", "demo.digits.classify.results"),
        ("send", "demo.digits.classify.dead-letters"),
    }
    receive = document["operations"]["demo.digits.classify.receiveImages"]
    assert receive["bindings"]["kafka"]["groupId"]["const"] == "demo.digits.classify"
    [message] = document["channels"]["demo.digits.classify.results"]["messages"].values()
    payload = resolved(document, resolved(document, message["$ref"])["payload"]["$ref"])
    assert payload["properties"]["outputType"]["const"] == "Classification"
    assert "predictions" in payload["required"]
