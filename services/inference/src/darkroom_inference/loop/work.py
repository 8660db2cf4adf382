"""The work of a loop, in turns. Work on live images is here, work on the ranges of a replay in `bounded`."""

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
    """The source of a loop's images: its consumer, or a wrapper around the consumer."""

    def consume(self, num_messages: int, timeout: float) -> list[Message]:
        """The next messages, at most `num_messages`; fewer if there are no more in time."""

    def seek(self, position: TopicPartition) -> None:
        """Read a partition again from `position` on."""


class Work(Protocol):
    """The work of one loop."""

    def turn(self) -> None:
        """Process the available images.

        Raises:
            Interrupted: it could not be finished; the next turn takes the same images again.
            ClientsBroken: the loop needs new clients.
            DrainTimedOut: the worker has to stop.
        """


@dataclass(frozen=True)
class LoopParts:
    """The objects that a loop creates for its work. Created again whenever the clients are replaced.

    Attributes:
        batches: creates work that takes images from a source in batches.
    """

    settings: StageSettings
    state: LoopState
    consumer: Consumer
    assignment: Assignment
    offsets: Offsets
    batches: Callable[[Source], Work]


class WorkFactory(Protocol):
    """Creates the work of a loop."""

    def commit_fields(self) -> Mapping[int, Mapping[str, Any]]:
        """By partition, the fields in the metadata of every commit, in addition to the mark."""

    def work(self, parts: LoopParts) -> Work:
        """The work of the loop that has created `parts`."""


class LiveWorkFactory:
    """Creates work on the topic's live images."""

    def commit_fields(self) -> Mapping[int, Mapping[str, Any]]:
        """Nothing."""
        return {}

    def work(self, parts: LoopParts) -> Work:
        """Batches from the loop's consumer."""
        group = KafkaGroup(parts.settings, parts.consumer)
        check = RejoinCheck(parts.state, lambda: frozenset(parts.assignment.partitions), group, parts.state.clock)
        return _LiveWork(parts.batches(parts.consumer), check)


@dataclass(frozen=True)
class _LiveWork:
    batches: Work
    rejoin: RejoinCheck

    def turn(self) -> None:
        self.batches.turn()
        self.rejoin.check()
