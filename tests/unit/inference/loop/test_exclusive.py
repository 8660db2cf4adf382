"""Shared and exclusive turns, and the waiting times."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from darkroom_inference.lifecycle.stopping import DrainTimedOut
from darkroom_inference.loop.exclusive import ExclusiveTurn
from tests.support.until import until


def no_pause(_seconds: float) -> None:
    """A pause without a time limit."""


class Visitor:
    """A loop that enters a turn, and leaves it when the test allows it."""

    def __init__(self, name: str, enter: Callable[..., AbstractContextManager[None]], order: list[str]) -> None:
        self._enter, self._order, self.name = enter, order, name
        self.inside, self._may_leave = threading.Event(), threading.Event()
        self.ticks = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def leave(self) -> None:
        assert self.inside.wait(10), f"{self.name} does not get in"
        self._may_leave.set()
        self._thread.join(10)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        with self._enter(self._tick):
            self._order.append(self.name)
            self.inside.set()
            assert self._may_leave.wait(30)

    def _tick(self, _seconds: float) -> None:
        self.ticks += 1


def test_who_is_alone_waits_for_all_others_and_they_for_it() -> None:
    turn, order = ExclusiveTurn(), list[str]()
    first = [Visitor(name, turn.shared, order) for name in ("a", "b")]
    until(lambda: len(order) == 2, "two at once")
    alone = Visitor("alone", turn.alone, order)
    until(lambda: turn.waiting == 1, "one that waits to be alone")
    late = Visitor("late", turn.shared, order)
    until(lambda: turn.waiting == 2, "one that came later")
    assert len(order) == 2
    for visitor in (*first, alone, late):
        visitor.leave()
    assert order[2:] == ["alone", "late"]


def test_a_loop_waits_for_at_most_one_suspect_of_every_other_loop() -> None:
    turn, order = ExclusiveTurn(), list[str]()
    first = Visitor("suspect 1", turn.alone, order)
    until(lambda: order, "the first suspect")
    neighbour = Visitor("neighbour", turn.shared, order)
    until(lambda: turn.waiting == 1, "the neighbour waiting")
    second = Visitor("suspect 2", turn.alone, order)
    until(lambda: turn.waiting == 2, "the second suspect waiting")
    first.leave()
    neighbour.leave()
    second.leave()
    assert order == ["suspect 1", "neighbour", "suspect 2"]


def test_a_loop_that_waits_shows_that_it_is_alive() -> None:
    turn, order = ExclusiveTurn(), list[str]()
    busy = Visitor("busy", turn.shared, order)
    until(lambda: order, "one at work")
    alone = Visitor("alone", turn.alone, order)
    until(lambda: turn.waiting == 1, "one that waits to be alone")
    late = Visitor("late", turn.shared, order)
    until(lambda: alone.ticks > 1 and late.ticks > 1, "both ticking while they wait")
    for visitor in (busy, alone, late):
        visitor.leave()


def test_a_loop_with_no_time_left_stops_waiting_and_blocks_no_other() -> None:
    turn, order = ExclusiveTurn(), list[str]()
    busy = Visitor("busy", turn.shared, order)
    until(lambda: order, "one at work")

    def no_time_left(_seconds: float) -> None:
        raise DrainTimedOut

    with pytest.raises(DrainTimedOut), turn.alone(no_time_left):
        pass
    with turn.shared(no_pause):
        assert turn.waiting == 0
    busy.leave()
    with turn.alone(no_pause):
        pass
