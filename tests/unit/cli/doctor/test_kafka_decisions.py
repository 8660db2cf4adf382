"""Decisions about a Kafka and its topics."""

from dataclasses import replace

import pytest

from darkroom.api.validation import parse_pipeline
from darkroom.topology import topology
from darkroom_cli.doctor.kafka_decisions import (
    Broker,
    KafkaSeen,
    TopicSeen,
    reachability_finding,
    share_group_findings,
    topic_findings,
)
from tests.support.manifests import pipeline_manifest

PLAN = topology(parse_pipeline(pipeline_manifest(images={"partitions": 3, "replicas": 1, "maxBytes": "1Mi"})))
IMAGES = PLAN.images.name
BROKER = Broker(1, "kafka:9092", None)
ALL = frozenset({"Read", "Write", "Describe"})
TOPICS = {topic.name: TopicSeen(topic.partitions, 1, dict(topic.config), ALL) for topic in PLAN.topics}
KAFKA = KafkaSeen("kafka:9092", None, (BROKER,), TOPICS, 104_857_600)


def test_a_kafka_that_suits_the_manifest_is_ok() -> None:
    assert reachability_finding(KAFKA).state == "Ok"
    assert [finding.state for finding in topic_findings(PLAN, KAFKA)] == ["Ok"]


def test_advertised_addresses_that_can_t_be_reached_are_named() -> None:
    found = reachability_finding(replace(KAFKA, brokers=(BROKER, Broker(2, "internal:9092", "Name not known"))))
    assert found.state == "Problem"
    assert "internal:9092 (broker 2: Name not known)" in found.message
    assert "advertised.listeners" in found.advice


def test_a_kafka_that_does_not_respond_is_a_problem() -> None:
    found = reachability_finding(KafkaSeen("kafka:9092", problem="Connection refused"))
    assert (found.state, found.message) == ("Problem", "kafka:9092 does not respond: Connection refused")


@pytest.mark.parametrize(
    ("changed", "state", "words"),
    [
        ({"partitions": 6}, "Problem", "set its partitions to 6"),
        ({"partitions": 2}, "Warning", "adds partitions"),
        ({"config": {"retention.ms": "1"}}, "Warning", "retention.ms is 1 instead of 604800000"),
        (
            {"config": {"max.message.bytes": "1000"}},
            "Problem",
            "max.message.bytes is 1,000, but the manifest needs 1,114,112",
        ),
        ({"config": {"max.message.bytes": "9000000"}}, "Warning", "9,000,000"),
        ({"operations": frozenset({"Describe"})}, "Problem", "you may not Read, Write"),
        ({"operations": None}, "Ok", "exist"),
    ],
)
def test_a_topic_that_differs_is_a_finding(changed: dict[str, object], state: str, words: str) -> None:
    topic = replace(TOPICS[IMAGES], **changed)  # type: ignore[arg-type]
    found = topic_findings(PLAN, replace(KAFKA, topics=TOPICS | {IMAGES: topic}))
    assert found[0].state == state
    assert words in f"{found[0].message}: {found[0].advice}"


def test_mode_queue_needs_share_groups_and_mode_ordered_does_not() -> None:
    manifest = pipeline_manifest()
    manifest["spec"]["stages"][0]["mode"] = "Queue"
    queue = topology(parse_pipeline(manifest))
    (without,) = share_group_findings(queue, replace(KAFKA, share_groups="Kafka has no share groups"))
    assert (without.state, without.message) == ("Problem", "Kafka has no share groups")
    assert without.advice == "or use mode Ordered for demo/digits classify"
    assert [finding.state for finding in share_group_findings(queue, KAFKA)] == ["Ok"]
    assert share_group_findings(PLAN, replace(KAFKA, share_groups="Kafka has no share groups")) == []


def test_images_larger_than_a_request_are_a_problem() -> None:
    found = topic_findings(PLAN, replace(KAFKA, request_bytes=1_000_000))
    assert "socket.request.max.bytes" in found[0].message


def test_missing_topics_are_created_later_if_there_are_enough_brokers() -> None:
    (missing,) = topic_findings(PLAN, replace(KAFKA, topics={}))
    assert (missing.state, IMAGES in missing.message) == ("Warning", True)
    three = topology(parse_pipeline(pipeline_manifest()))
    found = topic_findings(three, replace(KAFKA, topics={}))
    assert "asks for 3 replicas, and Kafka has 1 broker(s)" in found[1].message
