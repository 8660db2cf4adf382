"""A sample of a pipeline's topics and consumer groups, read from Kafka."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from darkroom.kafka.errors import KafkaUnreachable
from darkroom.kafka.groups import GroupView
from darkroom.kafka.log import TopicPartition
from darkroom.topology import Topology
from darkroom_ingestion.kafka.log_admin import LogAdmin

_T = TypeVar("_T")


@dataclass(frozen=True)
class Sample:
    """What Kafka answered at one time. What could not be read is None, and `problems` says why.

    Attributes:
        at: time of the sample on the monotonic clock, in seconds.
        images: beginning and end offset of each partition of the images topic; empty if there is no such topic.
        groups: the consumer group of each stage with mode Ordered, by the stage's name.
        committed: their committed offset of each partition of the images topic, by stage; None where there is none.
        finished: the end offsets of the results and dead letters topics, added up, by stage with mode Queue.
        dead_letters: the end offsets of the stage's dead letters topic, added up, by stage.
        problems: what could not be read, and why.
        kafka_away: whether no broker responded at all.
    """

    at: float
    images: Mapping[int, tuple[int, int]] | None = None
    groups: Mapping[str, GroupView] | None = None
    committed: Mapping[str, Mapping[int, int | None]] | None = None
    finished: Mapping[str, int] | None = None
    dead_letters: Mapping[str, int] | None = None
    problems: tuple[str, ...] = ()
    kafka_away: bool = False


@dataclass
class _Questions:
    """Asks Kafka, and collects why it did not answer."""

    problems: list[str] = field(default_factory=list)

    def answer(self, ask: Callable[[], _T]) -> _T | None:
        """The answer; None if there is none."""
        try:
            return ask()
        except KafkaUnreachable as error:
            self.problems.append(str(error))
            return None


def take_sample(admin: LogAdmin, plan: Topology) -> Sample:
    """Query the images topic, the dead letters topics and the consumer groups. Blocks for seconds if Kafka is away.

    librdkafka 2.16 has no request for the state and the offsets of share groups: their progress is what they publish.
    """
    questions = _Questions()
    images_topic = plan.images.name
    ordered = [stage for stage in plan.stages if stage.share_group is None]
    dead_letters = {stage.dead_letters.name: stage.name for stage in plan.stages}
    queues = {stage.results.name: stage.name for stage in plan.stages if stage.share_group is not None}
    finished = queues | {topic: name for topic, name in dead_letters.items() if name in queues.values()}
    counts = questions.answer(lambda: admin.partition_counts([images_topic, *dead_letters, *queues]))
    if counts is None:
        return Sample(time.monotonic(), problems=tuple(questions.problems), kafka_away=True)
    partitions = [TopicPartition(topic, number) for topic, count in counts.items() for number in range(count)]
    of_images = [partition for partition in partitions if partition.topic == images_topic]
    # The committed offsets first: an offset that is committed later would be after the end.
    committed = questions.answer(
        lambda: admin.offsets_of_groups({stage.consumer_group: of_images for stage in ordered})
    )
    beginnings = questions.answer(lambda: admin.beginnings(of_images))
    ends = questions.answer(lambda: admin.ends(partitions))
    at = time.monotonic()
    groups = questions.answer(lambda: admin.groups([stage.consumer_group for stage in ordered]))
    return Sample(
        at=at,
        images=None
        if beginnings is None or ends is None
        else {partition.partition: (beginnings[partition], ends[partition]) for partition in of_images},
        groups=None if groups is None else {stage.name: groups[stage.consumer_group] for stage in ordered},
        committed=None
        if committed is None
        else {
            stage.name: {one.partition: offset for one, offset in committed[stage.consumer_group].items()}
            for stage in ordered
        },
        finished=None if ends is None else _added_up(ends, finished),
        dead_letters=None if ends is None else _added_up(ends, dead_letters),
        problems=tuple(questions.problems),
    )


def _added_up(ends: Mapping[TopicPartition, int], stages: Mapping[str, str]) -> dict[str, int]:
    totals = dict.fromkeys(stages.values(), 0)
    for partition, end in ends.items():
        if partition.topic in stages:
            totals[stages[partition.topic]] += end
    return totals
