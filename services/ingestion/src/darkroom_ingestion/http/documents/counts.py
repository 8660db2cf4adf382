"""Counts over time."""

from pydantic import Field

from darkroom_ingestion.http.documents.base import Document


class Latency(Document):
    """Milliseconds from receiving an image to its result, estimated from logarithmic buckets."""

    p50: float
    p95: float


class StageLatency(Latency):
    """Also the 99th percentile."""

    p99: float


class LabelCount(Document):
    """The number of results with a label."""

    label: str
    count: int


class ReasonCount(Document):
    """The number of dead letters with a reason."""

    reason: str
    count: int


class StageBucket(Document):
    """What a stage did in a part of the time."""

    at: str
    analyzed: int
    failed: int
    latency_ms: Latency | None


class StageCounts(Document):
    """What a stage did."""

    stage: str
    analyzed: int
    failed: int
    latency_ms: StageLatency | None = Field(
        description="Null if it is unknown: of images whose ids the service did not make, and of replays."
    )
    labels: list[LabelCount] = Field(description="The most frequent, at most 200.")
    reasons: list[ReasonCount] = Field(description="The most frequent, at most 200.")
    buckets: list[StageBucket]


class Bucket(Document):
    """What a pipeline did in a part of the time."""

    at: str = Field(description="Its beginning.", examples=["2026-11-23T12:00:00.000Z"])
    received: int
    analyzed: int
    failed: int


class Counts(Document):
    """What a pipeline received and did, over time."""

    from_: str = Field(alias="from", description="The beginning: `from`, rounded down to a whole bucket.")
    to: str = Field(description="The end, exclusive: `to`, rounded up to a whole bucket.")
    bucket_seconds: int
    buckets: list[Bucket] = Field(description="In order of time, also those without anything.")
    received: int = Field(description="Images, each counted once.")
    bytes: int = Field(description="Their size.")
    analyzed: int = Field(description="Results: the newest of each image and stage.")
    failed: int = Field(description="Dead letters.")
    stages: list[StageCounts]
