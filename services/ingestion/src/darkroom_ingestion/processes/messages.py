"""What the parent and the HTTP processes tell each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from prometheus_client.core import Metric

from darkroom.kafka.connection import KafkaConnection
from darkroom_ingestion.catalog.served import Pipelines
from darkroom_ingestion.filling.messages import FillerState
from darkroom_ingestion.settings import Settings
from darkroom_ingestion.store.ownership import Owner

Subject = Literal["liveness", "readiness", "metrics"]
"""What all processes are asked."""
ReportedStatus = Mapping[str, Any] | None


@dataclass(frozen=True)
class States:
    """To a process: the states of the fillers."""

    states: Mapping[KafkaConnection, FillerState]


@dataclass(frozen=True)
class Setup:
    """To a process, first: what it needs at its start. The pipelines are sent again when they change.

    Attributes:
        replaces: whether it replaces one that has ended, while others serve.
    """

    settings: Settings
    owner: Owner
    replaces: bool
    pipelines: Pipelines
    states: States


@dataclass(frozen=True)
class Serving:
    """From a process: it takes connections from now on."""


@dataclass(frozen=True)
class Counted:
    """From a process, every second: its metrics."""

    metrics: Sequence[Metric]


@dataclass(frozen=True)
class Question:
    """From a process: what do all processes answer? To a process: what does this one answer?"""

    number: int
    subject: Subject


@dataclass(frozen=True)
class StatusQuestion:
    """From a process: what status has the ImagePipeline `key`?"""

    number: int
    key: str


@dataclass(frozen=True)
class Answer:
    """From a process, to a question of the parent. To a process: metrics, checks, or the status of an ImagePipeline."""

    number: int
    content: object
