"""The topics of pipelines that the store and the feed read."""

from collections.abc import Mapping

from darkroom_ingestion.catalog.served import Pipelines, ServedPipeline
from darkroom_ingestion.filling.messages import Topics
from darkroom_ingestion.kafka.log_record import TopicContents


def topics_by_cluster(pipelines: Pipelines) -> Topics:
    """The topics that the store is filled from, by Kafka cluster."""
    return {connection: topics_to_store(served) for connection, served in pipelines.by_connection().items()}


def topics_to_store(pipelines: list[ServedPipeline]) -> dict[str, TopicContents]:
    """The topics that the store is filled from, and their contents."""
    topics: dict[str, TopicContents] = {}
    for served in pipelines:
        topics[served.plan.images.name] = TopicContents(served.key, "images")
        for stage in served.plan.stages:
            topics[stage.results.name] = TopicContents(served.key, "results", stage.name)
            topics[stage.dead_letters.name] = TopicContents(served.key, "dead-letters", stage.name)
    return topics


def outputs(topics: Mapping[str, TopicContents]) -> dict[str, TopicContents]:
    """The topics in `topics` with results or dead letters."""
    return {name: contents for name, contents in topics.items() if contents.role != "images"}


def smallest_topic_bytes(pipelines: list[ServedPipeline]) -> int:
    """The largest batch that every images topic accepts."""
    return min(int(served.plan.images.config["max.message.bytes"]) for served in pipelines)
