"""The topology that a manifest describes."""

from typing import Any

import pytest

from darkroom.api.validation import parse_pipeline
from darkroom.topology import AccessRight, topology, with_at_most_replicas
from tests.support.manifests import pipeline_manifest


def test_a_pipeline_has_one_images_topic_and_two_topics_a_stage() -> None:
    plan = topology(parse_pipeline(pipeline_manifest(stages=["classify", "embed"])))
    assert [(topic.name, topic.role) for topic in plan.topics] == [
        ("demo.digits.images", "images"),
        ("demo.digits.classify.results", "results"),
        ("demo.digits.classify.dead-letters", "dead-letters"),
        ("demo.digits.embed.results", "results"),
        ("demo.digits.embed.dead-letters", "dead-letters"),
    ]


def test_the_images_topic_takes_an_image_of_the_largest_size_with_its_headers() -> None:
    plan = topology(parse_pipeline(pipeline_manifest(images={"maxBytes": "10Mi", "retention": "1h"})))
    assert int(plan.images.config["max.message.bytes"]) > 10 * 1024 * 1024
    assert plan.images.config["retention.ms"] == "3600000"


def test_a_dead_letter_has_room_for_the_largest_image_and_all_its_headers() -> None:
    plan = topology(parse_pipeline(pipeline_manifest()))
    dead_letters = plan.stages[0].dead_letters.config
    assert int(dead_letters["max.message.bytes"]) > int(plan.images.config["max.message.bytes"])
    assert dead_letters["retention.ms"] == str(720 * 3_600_000)


def test_a_stages_topics_are_laid_out_as_the_images_unless_they_say_otherwise() -> None:
    manifest = pipeline_manifest(images={"partitions": 5, "replicas": 2})
    manifest["spec"]["stages"][0]["results"] = {"partitions": 7, "replicas": 1, "config": {"cleanup.policy": "delete"}}
    stage = topology(parse_pipeline(manifest)).stages[0]
    assert (stage.results.partitions, stage.results.replicas) == (7, 1)
    assert stage.results.config["cleanup.policy"] == "delete"
    assert (stage.dead_letters.partitions, stage.dead_letters.replicas) == (5, 2)


@pytest.mark.parametrize(
    ("spec", "replicas"), [({"replicas": 2}, 2), ({}, 1), ({"replicas": 2, "suspend": True}, 0), ({"replicas": 0}, 0)]
)
def test_a_stage_has_the_pipelines_replicas_unless_it_is_suspended(spec: dict[str, Any], replicas: int) -> None:
    assert topology(parse_pipeline(pipeline_manifest(**spec))).stages[0].replicas == replicas


def test_a_stages_own_replicas_come_first() -> None:
    manifest = pipeline_manifest(replicas=2)
    manifest["spec"]["stages"][0]["replicas"] = 4
    assert topology(parse_pipeline(manifest)).stages[0].replicas == 4


@pytest.mark.parametrize(
    ("autoscaling", "suspend", "replicas", "fixed"),
    [
        ({"max": 5}, False, 0, False),
        ({"min": 2, "max": 5}, False, 2, False),
        ({"max": 5, "metricsOnly": True}, False, 3, True),
        ({"max": 5}, True, 0, True),
    ],
)
def test_autoscaling_starts_with_its_minimum(
    autoscaling: dict[str, Any], suspend: bool, replicas: int, fixed: bool
) -> None:
    manifest = pipeline_manifest(replicas=3, suspend=suspend)
    manifest["spec"]["stages"][0]["autoscaling"] = autoscaling
    (stage,) = topology(parse_pipeline(manifest)).stages
    assert (stage.replicas, stage.has_fixed_replicas) == (replicas, fixed)


def test_a_stage_may_read_images_and_write_its_own_topics_and_no_more() -> None:
    rights = topology(parse_pipeline(pipeline_manifest())).stages[0].rights
    assert {(r.resource, r.name, r.operations, r.prefix) for r in rights} == {
        ("topic", "demo.digits.images", ("Read", "Describe"), False),
        ("topic", "demo.digits.classify.results", ("Write", "Describe"), False),
        ("topic", "demo.digits.classify.dead-letters", ("Write", "Describe"), False),
        ("group", "demo.digits.classify", ("Read", "Describe"), False),
        ("group", "demo.digits.classify.replay.", ("Read", "Describe"), True),
        ("transactionalId", "demo.digits.classify.", ("Write", "Describe"), True),
    }


def test_a_queue_may_read_and_configure_its_share_group_and_has_as_many_workers_as_asked() -> None:
    manifest = pipeline_manifest(images={"partitions": 2})
    manifest["spec"]["stages"][0] |= {"mode": "Queue", "replicas": 5}
    (stage,) = topology(parse_pipeline(manifest)).stages
    assert (stage.group, stage.share_group, stage.replicas) == (stage.share_group, "demo.digits.classify.queue", 5)
    (right,) = [right for right in stage.rights if right.name == stage.share_group]
    assert right.operations == ("Read", "Describe", "DescribeConfigs", "AlterConfigs")
    assert not right.prefix
    assert AccessRight("group", "demo.digits.classify.queue.attempts", ("Read", "Describe")) in stage.rights


def test_on_one_broker_every_topic_has_one_replica() -> None:
    plan = with_at_most_replicas(topology(parse_pipeline(pipeline_manifest(images={"replicas": 3}))), 1)
    assert {topic.replicas for topic in plan.topics} == {1}
