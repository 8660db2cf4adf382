"""The work of a loop of a replay: what it commits at the end of a range, and what it reports."""

from collections.abc import Callable, Iterator
from typing import cast

import pytest
from confluent_kafka import Consumer, TopicPartition

from darkroom_inference.bounded.source import BoundedSource
from darkroom_inference.bounded.tally import CountsWriter, Tally
from darkroom_inference.bounded.work import BoundedWork
from darkroom_inference.kafka.errors import Interrupted
from darkroom_inference.kafka.marks import CLEAN, Mark, held
from darkroom_inference.kafka.offsets import Offsets, Positions
from darkroom_inference.lifecycle.loop_state import LoopState
from darkroom_inference.lifecycle.metrics import Metrics
from darkroom_inference.loop.assignment import Assignment

ENDS = {0: 10, 1: 20}


class Group:
    """What a replay's group has committed."""

    def __init__(self) -> None:
        self.commits: list[dict[int, tuple[int, Mark]]] = []

    def commit(self, positions: Positions) -> None:
        self.commits.append(dict(positions))


class Turns:
    """Batches: what a test has them do."""

    def __init__(self, does: Callable[[], None] = lambda: None) -> None:
        self.turn = does


class Loop:
    """A loop with partitions 0 and 1 of a replay."""

    def __init__(self, tally: Tally) -> None:
        self.group, self.metrics = Group(), Metrics()
        offsets = cast("Offsets", self.group)
        self.assignment = Assignment(LoopState(0), offsets, self.metrics)
        self.assignment.on_assign(cast("Consumer", None), [TopicPartition("images", number) for number in ENDS])
        self.source = BoundedSource(cast("Consumer", None), "images", ENDS, self.assignment, None)
        counts = CountsWriter(tally.writer, self.metrics)
        self.work = BoundedWork(Turns(), self.source, self.assignment, offsets, counts)


@pytest.fixture
def tally() -> Iterator[Tally]:
    made = Tally()
    yield made
    made.close()


@pytest.fixture
def loop(tally: Tally) -> Loop:
    return Loop(tally)


def test_the_end_of_a_range_is_committed_once_it_is_reached(loop: Loop) -> None:
    loop.assignment.advance({0: (9, held(8)), 1: (12, held(8))})
    loop.work.turn()
    assert loop.group.commits == []
    loop.source.reached.add(0)
    loop.work.turn()
    loop.work.turn()
    assert loop.group.commits == [{0: (10, CLEAN)}]


def test_a_range_that_holds_no_image_is_committed_as_well(loop: Loop) -> None:
    loop.source.reached |= {0, 1}
    loop.work.turn()
    assert loop.group.commits == [{0: (10, CLEAN), 1: (20, CLEAN)}]


def test_nothing_is_committed_for_partitions_that_are_gone_done_or_not_planned(loop: Loop) -> None:
    loop.assignment.on_lost(cast("Consumer", None), [TopicPartition("images", 0)])
    loop.assignment.on_assign(cast("Consumer", None), [TopicPartition("images", 7)])
    loop.assignment.advance({1: (20, CLEAN)})
    loop.source.reached |= {0, 1, 7}
    loop.work.turn()
    assert loop.group.commits == []


def test_what_was_counted_is_reported_even_if_the_turn_fails(loop: Loop, tally: Tally) -> None:
    def fail() -> None:
        loop.metrics.image("analyzed")
        raise Interrupted("no broker")

    loop.work.batches = Turns(fail)
    loop.source.reached.add(0)
    with pytest.raises(Interrupted):
        loop.work.turn()
    assert tally.counts() == {"analyzed": 1}
    assert loop.group.commits == []
