"""The positions of a loop in its partitions during assignments and revocations."""

from collections.abc import Mapping
from typing import cast

import pytest
from confluent_kafka import Consumer, TopicPartition

from darkroom_inference.kafka.errors import Interrupted
from darkroom_inference.kafka.marks import CLEAN, Mark, held
from darkroom_inference.kafka.offsets import Offsets, Positions
from darkroom_inference.lifecycle.loop_state import LoopState
from darkroom_inference.lifecycle.metrics import Metrics
from darkroom_inference.loop.assignment import Assignment, Position
from tests.support.services.image_records import example_image

CONSUMER = cast("Consumer", None)


class Committed:
    """The offsets that a group has committed, as the loop's `Offsets` reads and writes them."""

    def __init__(self, positions: Mapping[int, tuple[int, Mark]]) -> None:
        self.positions: dict[int, tuple[int | None, Mark]] = dict(positions)
        self.away = False

    def committed(self, partitions: list[int]) -> dict[int, tuple[int | None, Mark]]:
        return {partition: self.positions.get(partition, (None, CLEAN)) for partition in partitions}

    def commit(self, positions: Positions) -> None:
        self.positions |= positions

    commit_once = commit

    def reachable(self) -> bool:
        return not self.away


def assigned(committed: Committed, *partitions: int) -> Assignment:
    made = Assignment(LoopState(0), cast("Offsets", committed), Metrics())
    made.on_assign(CONSUMER, [TopicPartition("images", number) for number in partitions])
    return made


def test_the_first_records_of_a_partition_mark_it_as_held() -> None:
    group = Committed({1: (7, CLEAN)})
    assignment = assigned(group, 1, 2)
    assignment.take([example_image(1, 7), example_image(1, 8), example_image(2, 0)], 8)
    assert group.positions == {1: (7, held(8)), 2: (0, held(8))}
    assert assignment.partitions == {1: Position(7, held(8)), 2: Position(0, held(8))}


def test_the_marks_of_a_crashed_owner_are_taken_over() -> None:
    group = Committed({1: (7, Mark(suspects=3, attempts=1, in_hand=True)), 2: (4, held(8))})
    assignment = assigned(group, 1, 2)
    assignment.take([example_image(1, 7), example_image(2, 4)], 8)
    assert assignment.position(1) == Position(7, Mark(suspects=3, attempts=1, in_hand=True))
    assert assignment.position(2) == Position(4, Mark(suspects=8))
    assert assignment.batch_limits() == {1: 0, 2: 0}


def test_records_before_the_committed_offset_are_read_again_from_there() -> None:
    assignment = assigned(Committed({1: (7, CLEAN)}), 1)
    with pytest.raises(Interrupted, match="before their committed offsets"):
        assignment.take([example_image(1, 0)], 8)
    assert assignment.position(1).offset == 7


def test_a_released_partition_is_marked_clean() -> None:
    group = Committed({})
    assignment = assigned(group, 1, 2)
    assignment.take([example_image(1, 0)], 8)
    assignment.advance({1: (5, held(8))})
    assignment.on_revoke(CONSUMER, [TopicPartition("images", 1), TopicPartition("images", 2)])
    assert group.positions == {1: (5, CLEAN)}
    assert (assignment.partitions, assignment.state.partitions) == ({}, 0)
    assert assignment.touched == {1, 2}


def test_a_partition_whose_commit_waits_takes_fewer_images_and_is_released_at_its_position() -> None:
    group = Committed({})
    assignment = assigned(group, 1, 2)
    assignment.take([example_image(1, 0), example_image(2, 0)], 8)
    assignment.postpone({1: (5, held(64))})
    assert group.positions[1] == (0, held(8))
    assert (assignment.uncommitted, assignment.batch_limits()) == ({1: 5}, {1: 3, 2: 8})
    assignment.on_revoke(CONSUMER, [TopicPartition("images", 1)])
    assert group.positions[1] == (5, CLEAN)
    assert assignment.uncommitted == {}


@pytest.mark.parametrize("lost", [True, False])
def test_nothing_is_committed_for_lost_or_uncertain_partitions(lost: bool) -> None:
    group = Committed({})
    assignment = assigned(group, 1)
    assignment.take([example_image(1, 0)], 8)
    assignment.advance({1: (5, held(8))})
    if lost:
        assignment.on_lost(CONSUMER, [TopicPartition("images", 1)])
    else:
        group.away = True
    assignment.give_back()
    assert group.positions == {1: (0, held(8))}


def test_the_position_is_unknown_before_the_first_record() -> None:
    with pytest.raises(KeyError):
        assigned(Committed({}), 1).position(1)
