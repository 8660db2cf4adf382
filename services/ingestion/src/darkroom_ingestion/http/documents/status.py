"""The status of a pipeline."""

from typing import Literal

from pydantic import Field

from darkroom_ingestion.http.documents.base import EXAMPLE_ID, Document


class ConditionSeen(Document):
    """A condition of the ImagePipeline, as the operator wrote it."""

    type: str = Field(examples=["TopicsReady"])
    status: str = Field(examples=["True", "False", "Unknown"])
    reason: str | None
    message: str | None
    last_transition_time: str | None


class ImagesPartition(Document):
    """A partition of the images topic."""

    partition: int
    beginning: int = Field(description="The first offset that the log still has.")
    end: int = Field(description="The offset after the last image.")


class ImagesStatus(Document):
    """The images topic."""

    topic: str
    rate_per_second: float | None = Field(description="Images that arrived per second in the last half minute.")
    partitions: list[ImagesPartition] = Field(description="Empty if they are unknown, or if there is no such topic.")


class WorkerSeen(Document):
    """A consumer of the stage's group. A worker process has one for each of its loops."""

    id: str = Field(description="The Kafka client id of the consumer.")
    host: str = Field(description="The name of the pod or machine.")
    partitions: list[int]


class StagePartition(Document):
    """How far a stage is in a partition of the images topic."""

    partition: int
    committed: int | None = Field(description="The committed offset; null before the stage's first image.")
    end: int | None
    lag: int | None = Field(description="The number of images that wait; null if it is unknown.")
    worker: str | None = Field(description="The id of the worker that reads the partition; null if none does.")


class ReasonCount(Document):
    """The number of dead letters with a reason."""

    reason: str = Field(examples=["DecodeError"])
    count: int


class AutoscalingSeen(Document):
    """The operator's last decision about the number of workers of a stage, and what it is based on."""

    desired: int = Field(description="The desired number of workers.")
    reason: str = Field(examples=["BacklogNeedsMore"])
    lag: int | None = Field(description="The number of images that wait.")
    drain_seconds: int | None = Field(description="Seconds in which the workers analyse the images that wait.")
    rate_per_second: float | None = Field(description="Images that arrive per second, smoothed.")


class LettersStatus(Document):
    """The dead letters of a stage that have not been redriven."""

    total: int | None
    by_reason: list[ReasonCount] = Field(description="The most frequent reason first.")


class ErrorSeen(Document):
    """A recent dead letter."""

    at: str = Field(examples=["2026-11-26T12:00:00.120Z"])
    image: str = Field(description="The image's id.", examples=[EXAMPLE_ID])
    reason: str
    message: str


class StageState(Document):
    """A stage: its consumer group, lag and failures."""

    name: str
    consumer_group: str = Field(description="The consumer group or, with mode Queue, the share group of the workers.")
    mode: Literal["Ordered", "Queue"]
    group_state: Literal["Stable", "Empty", "Dead", "PreparingRebalance", "CompletingRebalance", "Reconciling"] | None
    workers: list[WorkerSeen] = Field(description="Empty if they are unknown, as groupState is then.")
    lag: int | None = Field(description="The number of images that wait; null if it is unknown.")
    lag_unknown: str | None = Field(
        description="Why lag, groupState and workers of a stage with mode Queue are unknown. Null with mode Ordered."
    )
    rate_per_second: float | None = Field(description="Images that it finished per second in the last half minute.")
    oldest_waiting_at: str | None = Field(description="When the oldest waiting image was received.")
    partitions: list[StagePartition]
    autoscaling: AutoscalingSeen | None = Field(
        description="Null for a stage without autoscaling, and outside of Kubernetes."
    )
    dead_letters: LettersStatus
    last_errors: list[ErrorSeen] = Field(description="The newest dead letters, newest first.")
    advice: list[str] = Field(description="What is wrong with the stage, and what to do. Empty if nothing is.")


class PipelineStatus(Document):
    """The state of a pipeline. Unknown values are null."""

    namespace: str
    name: str
    suspended: bool | None = Field(description="Null if the pipeline is not served.")
    conditions: list[ConditionSeen] | None = Field(description="Null outside of Kubernetes.")
    advice: list[str] = Field(description="What is wrong with the pipeline, and what to do. Empty if nothing is.")
    images: ImagesStatus
    stages: list[StageState]
