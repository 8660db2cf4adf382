"""The topics in an ImagePipeline: partitions, replicas, retention and further configuration."""

from typing import Annotated, Final

from pydantic import Field

from darkroom.api.quantities import Duration, Size
from darkroom.schema import StrictModel

Partitions = Annotated[int, Field(ge=1, le=10_000)]
ReplicationFactor = Annotated[int, Field(ge=1, le=32_767)]
TopicConfig = Annotated[
    dict[str, str | int | float | bool],
    Field(
        description="Further topic configuration, with Kafka's own keys.",
        # Values of any type are accepted, as in Kafka's own files. The keys that rules read are typed.
        json_schema_extra={
            "x-kubernetes-preserve-unknown-fields": True,
            "properties": {
                "cleanup.policy": {
                    "type": "string",
                    "maxLength": 64,
                    "description": "How old records are removed: delete, compact or compact,delete.",
                },
                "max.message.bytes": {
                    "x-kubernetes-int-or-string": True,
                    "maxLength": 32,
                    "description": "Largest record batch that the topic accepts, in bytes, without a unit.",
                },
                "min.insync.replicas": {
                    "x-kubernetes-int-or-string": True,
                    "maxLength": 5,
                    "pattern": "^[0-9]+$",
                    "description": "In-sync replicas that must store a record before it is acknowledged.",
                },
            },
        },
    ),
]


_PARTITIONS: Final = "Number of partitions. Defaults to that of the images topic. Cannot be reduced."
_REPLICAS: Final = "Replication factor. Defaults to that of the images topic."


class Images(StrictModel):
    """The topic that images are published to."""

    partitions: Partitions = Field(
        12,
        description="Number of partitions, which limits how many workers a stage with mode Ordered can use. Cannot be "
        "reduced.",
    )
    replicas: ReplicationFactor = Field(3, description="Replication factor.")
    retention: Duration = Field(Duration("168h"), description="How long images are kept, such as 168h or 1h30m.")
    max_bytes: Size = Field(
        Size("10Mi"), description="Largest image accepted: a number of bytes, or a quantity such as 10Mi."
    )
    config: TopicConfig = Field(default_factory=dict)


class Results(StrictModel):
    """The topic that a stage publishes its results to."""

    partitions: Partitions | None = Field(None, description=_PARTITIONS)
    replicas: ReplicationFactor | None = Field(None, description=_REPLICAS)
    retention: Duration = Field(Duration("168h"), description="How long results are kept, such as 168h.")
    config: TopicConfig = Field(default_factory=dict)


class DeadLetters(StrictModel):
    """The topic for images that a stage could not analyse. A dead letter holds the whole image and the reason."""

    partitions: Partitions | None = Field(None, description=_PARTITIONS)
    replicas: ReplicationFactor | None = Field(None, description=_REPLICAS)
    retention: Duration = Field(Duration("720h"), description="How long dead letters are kept, such as 720h.")
    config: TopicConfig = Field(default_factory=dict)
