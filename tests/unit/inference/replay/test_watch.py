"""Watching the progress of a replay."""

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from darkroom.kafka.errors import KafkaUnreachable
from darkroom.kafka.log import Committed
from darkroom_inference.bounded.plan import ReplayPlan
from darkroom_inference.bounded.ranges import Range
from darkroom_inference.replay.watch import Watch

if TYPE_CHECKING:
    from darkroom_inference.replay.log import ImagesLog

PLAN = ReplayPlan({0: Range(0, 10), 1: Range(5, 10)})


class Group:
    """What a replay's group has committed, as a test sets it; an exception is raised once."""

    def __init__(self) -> None:
        self.offsets: dict[int, int] = {}
        self.problems: list[Exception] = []

    def committed(self, partitions: Iterable[int]) -> dict[int, Committed]:
        if self.problems:
            raise self.problems.pop(0)
        return {partition: Committed(self.offsets.get(partition), None) for partition in partitions}


def watch(group: Group, looked: threading.Event, done: threading.Event) -> Watch:
    return Watch(cast("ImagesLog", group), PLAN, looked.set, done.set, every_s=0.01)


def test_what_is_left_is_what_is_not_committed() -> None:
    group = Group()
    watching = watch(group, threading.Event(), threading.Event())
    assert (watching.left, watching.look()) == (15, 15)
    group.offsets = {0: 4, 1: 10}
    assert (watching.look(), watching.left, watching.problem) == (6, 6, None)


def test_a_kafka_that_is_away_is_told_until_it_answers_again() -> None:
    group = Group()
    group.offsets = {0: 4}
    watching = watch(group, threading.Event(), threading.Event())
    watching.look()
    group.problems = [KafkaUnreachable("no broker")]
    assert (watching.look(), watching.problem) == (11, "no broker")
    assert (watching.look(), watching.problem) == (11, None)


def test_it_looks_until_nothing_is_left_whatever_happens_meanwhile() -> None:
    group, looked, done = Group(), threading.Event(), threading.Event()
    group.problems = [RuntimeError("a bug"), KafkaUnreachable("no broker")]
    watching = watch(group, looked, done)
    watching.start()
    assert looked.wait(30)
    assert not done.is_set()
    group.offsets = {0: 10, 1: 10}
    assert done.wait(30)
    watching.stop()
    assert (watching.left, watching.problem) == (0, None)


def test_it_can_be_stopped_before_that() -> None:
    done = threading.Event()
    watching = watch(Group(), threading.Event(), done)
    watching.start()
    watching.stop()
    assert not done.is_set()
