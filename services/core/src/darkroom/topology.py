"""The topics, consumer groups and access rights that a pipeline needs in Kafka, computed from its manifest."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from darkroom import names
from darkroom.api.autoscaling import Autoscaling
from darkroom.api.pipeline import ImagePipeline, Stage
from darkroom.api.topics import DeadLetters, Results, TopicConfig

Role = Literal["images", "results", "dead-letters"]
Operation = Literal["Read", "Write", "Describe", "DescribeConfigs", "AlterConfigs", "IdempotentWrite"]
ResourceType = Literal["topic", "group", "transactionalId"]

HEADER_ROOM_BYTES = 64 * 1024
"""Space for the key, headers and record overhead, in addition to an image of `maxBytes`."""

DEAD_LETTER_ROOM_BYTES = 2 * HEADER_ROOM_BYTES
"""Space for about a dozen headers: a dead letter is the image with its headers and these."""


@dataclass(frozen=True)
class Topic:
    """The desired state of a topic. `config` has Kafka's own keys, with values as strings."""

    name: str
    role: Role
    partitions: int
    replicas: int
    config: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class AccessRight:
    """Operations allowed on one Kafka resource or, with `prefix`, on all resources whose names start with `name`."""

    resource: ResourceType
    name: str
    operations: tuple[Operation, ...]
    prefix: bool = False


@dataclass(frozen=True)
class StagePlan:
    """Everything that one stage needs.

    Attributes:
        consumer_group: the group of the workers of mode Ordered.
        share_group: the group of the workers of mode Queue; None with mode Ordered.
        replicas: number of workers; with autoscaling, until the first decision.
        autoscaling: how the number of workers is decided; None for a fixed number, which suspended stages have too.
    """

    spec: Stage
    images_topic: str
    results: Topic
    dead_letters: Topic
    consumer_group: str
    share_group: str | None
    replicas: int
    rights: tuple[AccessRight, ...]
    autoscaling: Autoscaling | None = None

    @property
    def name(self) -> str:
        """The stage's name."""
        return self.spec.name

    @property
    def group(self) -> str:
        """The group in which the workers read the images, of either type."""
        return self.share_group or self.consumer_group

    @property
    def group_type(self) -> Literal["consumer", "share"]:
        """The type of that group, in Kafka's words."""
        return "consumer" if self.share_group is None else "share"

    @property
    def has_fixed_replicas(self) -> bool:
        """Whether `replicas` is the number of workers at any time."""
        return self.autoscaling is None or self.autoscaling.metrics_only


@dataclass(frozen=True)
class Topology:
    """Everything that one pipeline needs."""

    namespace: str
    pipeline: str
    images: Topic
    stages: tuple[StagePlan, ...]

    @property
    def topics(self) -> tuple[Topic, ...]:
        """Every topic, the images topic first."""
        return (self.images, *(topic for stage in self.stages for topic in (stage.results, stage.dead_letters)))


def topology(pipeline: ImagePipeline) -> Topology:
    """Everything that `pipeline` needs, in any runtime."""
    spec = pipeline.spec
    images = Topic(
        name=names.images_topic(pipeline.namespace, pipeline.name),
        role="images",
        partitions=spec.images.partitions,
        replicas=spec.images.replicas,
        config={
            "retention.ms": str(spec.images.retention.in_ms),
            "max.message.bytes": str(spec.images.max_bytes.in_bytes + HEADER_ROOM_BYTES),
            **_kafka_config(spec.images.config),
        },
    )
    return Topology(
        namespace=pipeline.namespace,
        pipeline=pipeline.name,
        images=images,
        stages=tuple(_stage(pipeline, stage, images) for stage in spec.stages),
    )


def with_at_most_replicas(plan: Topology, brokers: int) -> Topology:
    """The same topology, with every replication factor limited to `brokers`."""

    def clamp(topic: Topic) -> Topic:
        return replace(topic, replicas=min(topic.replicas, brokers))

    return replace(
        plan,
        images=clamp(plan.images),
        stages=tuple(
            replace(stage, results=clamp(stage.results), dead_letters=clamp(stage.dead_letters))
            for stage in plan.stages
        ),
    )


def _stage(pipeline: ImagePipeline, stage: Stage, images: Topic) -> StagePlan:
    owner = (pipeline.namespace, pipeline.name, stage.name)
    group = names.consumer_group(*owner)
    share_group = names.share_group(*owner) if stage.mode == "Queue" else None
    results = _output(names.results_topic(*owner), "results", stage.results, images, {})
    largest = pipeline.spec.images.max_bytes.in_bytes + DEAD_LETTER_ROOM_BYTES
    room = {"max.message.bytes": str(largest)}
    dead_letters = _output(names.dead_letters_topic(*owner), "dead-letters", stage.dead_letters, images, room)
    return StagePlan(
        spec=stage,
        images_topic=images.name,
        results=results,
        dead_letters=dead_letters,
        consumer_group=group,
        share_group=share_group,
        replicas=0 if pipeline.spec.suspend else pipeline.replicas_of(stage),
        rights=(
            AccessRight("topic", images.name, ("Read", "Describe")),
            AccessRight("topic", results.name, ("Write", "Describe")),
            AccessRight("topic", dead_letters.name, ("Write", "Describe")),
            AccessRight("group", group, ("Read", "Describe")),
            *(_queue_rights(share_group, names.attempts_group(*owner)) if share_group is not None else ()),
            AccessRight("group", names.replay_group_prefix(*owner), ("Read", "Describe"), prefix=True),
            AccessRight("transactionalId", names.transactional_id_prefix(*owner), ("Write", "Describe"), prefix=True),
        ),
        autoscaling=None if pipeline.spec.suspend else stage.autoscaling,
    )


def _queue_rights(share_group: str, attempts_group: str) -> tuple[AccessRight, ...]:
    """To read with a share group, to set its configuration, and to count how often images ended processes.

    The configuration says where the group begins, and how long a record is locked.
    """
    return (
        AccessRight("group", share_group, ("Read", "Describe", "DescribeConfigs", "AlterConfigs")),
        AccessRight("group", attempts_group, ("Read", "Describe")),
    )


def _output(name: str, role: Role, wanted: Results | DeadLetters, images: Topic, room: Mapping[str, str]) -> Topic:
    return Topic(
        name=name,
        role=role,
        # As many partitions as the images topic, so that a key is in the same partition number in both.
        partitions=wanted.partitions or images.partitions,
        replicas=wanted.replicas or images.replicas,
        config={"retention.ms": str(wanted.retention.in_ms), **room, **_kafka_config(wanted.config)},
    )


def _kafka_config(config: TopicConfig) -> dict[str, str]:
    return {key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in config.items()}
