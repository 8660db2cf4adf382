"""The decision which ImagePipelines of a cluster are served."""

from typing import Any

from darkroom.api.pipeline import ImagePipeline
from darkroom.kafka.connection import KafkaConnection
from darkroom_ingestion.catalog.cluster.entries import Entries
from darkroom_ingestion.catalog.cluster.kafkas import KafkaNotKnown
from darkroom_ingestion.catalog.served import Pipelines
from tests.support.manifests import pipeline_manifest

KAFKA = KafkaConnection(bootstrap_servers="broker:9092")


def live(
    *, topics: str | None = "True", generation: int = 1, seen: int | None = None, uid: str = "one", **spec: Any
) -> dict[str, Any]:
    """An ImagePipeline in the API server, whose condition TopicsReady is for generation `seen`."""
    manifest = pipeline_manifest(**spec)
    manifest["metadata"] |= {"uid": uid, "generation": generation, "resourceVersion": "7", "managedFields": [{}]}
    if topics is not None:
        condition = {"type": "TopicsReady", "status": topics, "reason": "WaitingForTopicOperator", "message": "soon"}
        manifest["status"] = {"conditions": [{**condition, "observedGeneration": seen or generation}]}
    return manifest


def connect(_: ImagePipeline) -> KafkaConnection:
    return KAFKA


def not_known(_: ImagePipeline) -> KafkaConnection:
    raise KafkaNotKnown("there is no Kafka kafka/events: create it")


def decide(entries: Entries, *lives: dict[str, Any], connect: Any = connect) -> Pipelines:
    return entries.decide({f"{it['metadata']['namespace']}/{it['metadata']['name']}": it for it in lives}, connect)


def test_a_pipeline_with_topics_is_served() -> None:
    pipelines = decide(Entries(), live())
    assert list(pipelines) == ["demo/digits"]
    assert pipelines["demo/digits"].kafka == KAFKA


def test_a_pipeline_without_topics_is_not_and_says_why() -> None:
    pipelines = decide(Entries(), live(topics="False"), live(name="fresh", topics=None))
    assert dict(pipelines) == {}
    assert pipelines.unserved["demo/digits"].reason == "its topics are not ready: WaitingForTopicOperator: soon"
    assert pipelines.unserved["demo/fresh"].cause == "TopicsNotReady"


def test_an_invalid_pipeline_is_left_out_and_others_are_not() -> None:
    broken = live(name="broken", stages=["a"], images={"partitions": 0})
    pipelines = decide(Entries(), broken, live())
    assert list(pipelines) == ["demo/digits"]
    assert pipelines.unserved["demo/broken"].cause == "Invalid"
    assert pipelines.unserved["demo/broken"].reason.startswith("spec.images.partitions: ")


def test_a_pipeline_that_becomes_invalid_is_served_in_its_former_version() -> None:
    entries = Entries()
    before = decide(entries, live())
    after = decide(entries, live(generation=2, images={"partitions": 0}))
    assert after == before


def test_a_changed_pipeline_is_served_as_it_was_until_its_topics_are_ready() -> None:
    entries = Entries()
    decide(entries, live())
    two = ["classify", "embed"]
    assert decide(entries, live(generation=2, seen=1, stages=two))["demo/digits"].stages == ("classify",)
    assert decide(entries, live(generation=2, topics="False", stages=two))["demo/digits"].stages == ("classify",)
    assert decide(entries, live(generation=2, stages=two))["demo/digits"].stages == ("classify", "embed")


def test_after_a_restart_a_changing_pipeline_is_served() -> None:
    assert list(decide(Entries(), live(generation=2, seen=1))) == ["demo/digits"]


def test_a_recreated_pipeline_is_a_new_one() -> None:
    entries = Entries()
    decide(entries, live())
    assert list(decide(entries, live(uid="two", topics="False"))) == []


def test_a_pipeline_that_is_being_deleted_takes_no_more_images() -> None:
    going = live()
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    entries = Entries()
    decide(entries, live())
    assert decide(entries, going).unserved["demo/digits"].cause == "Deleting"


def test_a_temporarily_missing_kafka_is_kept_and_an_unknown_one_is_reported() -> None:
    entries = Entries()
    assert decide(entries, live(), connect=not_known).unserved["demo/digits"].cause == "KafkaNotKnown"
    decide(entries, live())
    assert decide(entries, live(), connect=not_known)["demo/digits"].kafka == KAFKA
    elsewhere = live(generation=2, kafka={"bootstrapServers": "other:9092"})
    assert decide(entries, elsewhere, connect=not_known).unserved["demo/digits"].cause == "KafkaNotKnown"


def test_a_new_status_is_no_news() -> None:
    entries = Entries()
    before = decide(entries, live())
    other = live()
    other["metadata"]["resourceVersion"] = "8"
    other["status"]["stagesReady"] = "1/1"
    after = decide(entries, other)
    assert after == before
    assert after["demo/digits"] is before["demo/digits"]
