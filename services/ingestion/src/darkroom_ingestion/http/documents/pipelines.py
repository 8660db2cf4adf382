"""Pipelines and their stages."""

from pydantic import Field

from darkroom_ingestion.http.documents.base import Document


class StageSummary(Document):
    """One AI stage of a pipeline."""

    name: str
    results_topic: str
    dead_letters_topic: str
    consumer_group: str = Field(description="The consumer group or, with mode Queue, the share group of the workers.")
    output: str = Field(description="Type of the results.", examples=["Classification"])


class PipelineSummary(Document):
    """One pipeline that is served."""

    namespace: str
    name: str
    images_topic: str
    max_bytes: int = Field(description="The largest image that is accepted.")
    suspended: bool
    stages: list[StageSummary]
    links: dict[str, str] = Field(description="The paths of its images, results, events and dead letters.")


class PipelineNotServed(Document):
    """A pipeline that exists but is not served."""

    namespace: str
    name: str
    cause: str = Field(examples=["TopicsNotReady", "Invalid", "KafkaNotKnown", "Deleting"])
    reason: str


class PipelineList(Document):
    """Every pipeline: those that are served, and why others are not."""

    pipelines: list[PipelineSummary]
    unserved: list[PipelineNotServed]
