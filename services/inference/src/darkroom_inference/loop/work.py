"""What a loop works on, turn by turn: live images here, the ranges of a replay in `bounded`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from confluent_kafka import Consumer, Message, TopicPartition

from darkroom.stage_settings import StageSettings
from darkroom_inference.group.rejoin import RejoinCheck
from darkroom_inference.group.view import KafkaGroup
from darkroom_inference.kafka.offsets import Offsets
from darkroom_inference.lifecycle.loop_state import LoopState
from darkroom_inference.loop.assignment import Assignment


class Source(Protocol):
    """Where a loop's images come from: its consumer, or what stands before it."""

    def poll(self, timeout: float) -> Message | None:
        """The next message, or None if there is none in time."""

    def seek(self, position: TopicPartition) -> None:
        """Read a partition again from `position` on."""


class Work(Protocol):
    """The work of one loop."""

    def turn(self) -> None:
        """Take what there is, and see it through.

        Raises:
            Interrupted: it could not be finished; the next turn takes the same images again.
            ClientsBroken: the loop needs new clients.
            DrainTimedOut: the worker has to stop.
        """


@dataclass(frozen=True)
class LoopParts:
    """What a loop has made for its work: once for every set of clients.

    Attributes:
        batches: the work that takes its images from a source, batch by batch.
    """

    settings: StageSettings
    state: LoopState
    consumer: Consumer
    assignment: Assignment
    offsets: Offsets
    batches: Callable[[Source], Work]


class WorkFactory(Protocol):
    """Makes the work of a loop."""

    def commit_fields(self) -> Mapping[int, Mapping[str, Any]]:
        """By partition, what the metadata of every commit holds besides the mark."""

    def work(self, parts: LoopParts) -> Work:
        """The work of a loop that is made of `parts`."""


class LiveWorkFactory:
    """Makes work that takes every image of the topic as it comes."""

    def commit_fields(self) -> Mapping[int, Mapping[str, Any]]:
        """Nothing."""
        return {}

    def work(self, parts: LoopParts) -> Work:
        """Batches from the loop's consumer."""
        group = KafkaGroup(parts.settings, parts.consumer)
        check = RejoinCheck(parts.state, lambda: frozenset(parts.assignment.partitions), group)
        return _LiveWork(parts.batches(parts.consumer), check)


@dataclass(frozen=True)
class _LiveWork:
    batches: Work
    rejoin: RejoinCheck

    def turn(self) -> None:
        self.batches.turn()
        self.rejoin.check()
