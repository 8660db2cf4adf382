"""What the service and the process that fills its store tell each other, pickled over a pipe."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from darkroom.kafka.connection import KafkaConnection
from darkroom.logs import LogFormat
from darkroom_ingestion.kafka.log_record import TopicContents
from darkroom_ingestion.settings import Settings

Topics = Mapping[KafkaConnection, Mapping[str, TopicContents]]
"""The topics to read, by Kafka cluster. The first message has the `Setup`, each further one these."""


@dataclass(frozen=True)
class Setup:
    """What the process needs at its start.

    Attributes:
        database: SQLAlchemy URL of the store, which the service has opened.
        group: the consumer group.
    """

    database: str
    group: str
    log_format: LogFormat
    log_level: str

    @classmethod
    def of(cls, settings: Settings, instance: str) -> Self:
        """What a service with these settings tells it. `instance` is the id of the store."""
        group = settings.group or f"darkroom.ingestion.{instance}"
        return cls(settings.database, group, settings.log_format, settings.log_level)


@dataclass(frozen=True)
class FillerState:
    """The state of one cluster's filler, for readiness and metrics."""

    assigned: bool = False
    caught_up: bool = False
    lag: int = 0
    store_problem: str | None = None
    kafka_problem: str | None = None


Sample = tuple[str, tuple[str, ...]]
"""The name of a counter, and the values of its labels."""


@dataclass(frozen=True)
class Report:
    """The state of every filler, and the counters of the process since its start."""

    states: Mapping[KafkaConnection, FillerState] = field(default_factory=dict)
    counters: Mapping[Sample, float] = field(default_factory=dict)
