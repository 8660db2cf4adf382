"""The facts that a pipeline's status consists of. What is unknown is None, never zero."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from darkroom.api.pipeline import Mode

REBALANCING: Final = {"PreparingRebalance", "CompletingRebalance", "Reconciling"}
"""The states of a group that assigns partitions to its members."""


@dataclass(frozen=True)
class WorkerFacts:
    """One consumer of a stage. A worker process has one for each of its loops."""

    id: str
    host: str
    partitions: tuple[int, ...]


@dataclass(frozen=True)
class PartitionFacts:
    """The state of a consumer group in one partition of the images topic. `committed` is None before its first image.

    Attributes:
        worker: the id of the worker that reads it; None if none does.
    """

    partition: int
    committed: int | None
    end: int | None
    lag: int | None
    worker: str | None


@dataclass(frozen=True)
class LetterFacts:
    """A dead letter."""

    at: str
    image: str
    reason: str
    message: str


@dataclass(frozen=True)
class StageFacts:
    """One stage.

    Attributes:
        group: its consumer group or, with mode Queue, its share group, whose state and lag are unknown.
        replicas: the number of worker replicas that the manifest asks for.
        lag_before: the lag at the beginning of the time that the rates are measured over.
        autoscaling: the last decision about the number of workers, as the operator wrote it.
        dead_letters: by reason, the number of those that were not redriven, most frequent first.
        new_dead_letters: those of the time that the rates are measured over.
    """

    name: str
    group: str
    replicas: int
    group_state: str | None = None
    workers: tuple[WorkerFacts, ...] = ()
    partitions: tuple[PartitionFacts, ...] = ()
    lag: int | None = None
    lag_before: int | None = None
    rate: float | None = None
    oldest_waiting_ms: int | None = None
    autoscaling: Mapping[str, Any] | None = None
    dead_letters: Mapping[str, int] | None = None
    new_dead_letters: int | None = None
    last_errors: tuple[LetterFacts, ...] = ()
    mode: Mode = "Ordered"


@dataclass(frozen=True)
class PipelineFacts:
    """A pipeline.

    Attributes:
        images: beginning and end offset of each partition of the images topic; None if they can't be read.
        seconds: the time that the rates are measured over; None without a rate.
        conditions: those of the ImagePipeline; None outside of Kubernetes.
        problems: what could not be read from Kafka or from the store, and why.
        kafka_away: the address of Kafka if no broker responds.
        unserved: why the service does not serve the pipeline.
    """

    namespace: str
    name: str
    images_topic: str
    suspended: bool | None
    images: Mapping[int, tuple[int, int]] | None = None
    images_rate: float | None = None
    seconds: float | None = None
    stages: tuple[StageFacts, ...] = ()
    conditions: Sequence[Mapping[str, Any]] | None = None
    problems: tuple[str, ...] = ()
    kafka_away: str | None = None
    unserved: str | None = None
