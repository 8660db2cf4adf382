"""When a loop takes its group's word against its client's."""

from typing import Any

import pytest

from darkroom_inference.group import rejoin as misheard
from darkroom_inference.group.rejoin import Misheard
from darkroom_inference.group.view import Word
from darkroom_inference.kafka.errors import ClientsBroken
from darkroom_inference.lifecycle.loop_state import LoopState


class Known:
    """What the loop's client knows of."""

    def __init__(self, *partitions: int) -> None:
        self.partitions = dict.fromkeys(partitions)


class Group:
    """A group that says the same until it is told otherwise."""

    def __init__(self) -> None:
        self.word: Word | None = None
        self.asked = 0

    def says(self, given: set[int], meant: set[int]) -> None:
        self.word = Word(frozenset(given), frozenset(meant))

    def ask(self) -> Word | None:
        self.asked += 1
        return self.word


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(misheard, "SETTLE_S", 0.0)


@pytest.fixture
def group() -> Group:
    return Group()


def doubting(group: Group, known: Any) -> Misheard:
    """A loop that has just lost an answer."""
    state = LoopState(0)
    made = Misheard(state, known, group.ask)
    state.lost_answers += 1
    return made


def test_without_a_lost_answer_nobody_is_asked(group: Group) -> None:
    quiet = Misheard(LoopState(0, lost_answers=3), Known(1), group.ask)  # type: ignore[arg-type]
    quiet.check()
    assert group.asked == 0


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        pytest.param({1, 2, 3}, {1}, id="some were to be given away"),
        pytest.param({1, 2, 3, 4}, {1, 2, 3, 4}, id="one was given"),
        pytest.param(set(), set(), id="all were to be given away"),
    ],
)
def test_what_the_client_has_not_heard_when_asked_twice_makes_the_loop_join_anew(
    group: Group, given: set[int], meant: set[int]
) -> None:
    group.says(given, meant)
    loop = doubting(group, Known(1, 2, 3))
    loop.check()
    with pytest.raises(ClientsBroken, match=r"its client knows of \[1, 2, 3\]"):
        loop.check()


def test_what_is_heard_by_the_second_time_is_fine_and_not_asked_again(group: Group) -> None:
    group.says({1, 2}, {1})
    known = Known(1, 2)
    loop = doubting(group, known)
    loop.check()
    del known.partitions[2]
    group.says({1}, {1})
    for _ in range(3):
        loop.check()
    assert group.asked == 2


def test_a_partition_that_others_have_to_give_away_first_is_waited_for(group: Group) -> None:
    group.says({1}, {1, 2})
    loop = doubting(group, Known(1))
    for _ in range(3):
        loop.check()
    assert group.asked == 1


def test_a_group_on_its_way_is_given_time(group: Group) -> None:
    loop = doubting(group, Known(1, 2, 3))
    for meant in ({1, 2}, {1}, {2}):
        group.says({1, 2, 3}, meant)
        loop.check()
    assert group.asked == 3


def test_a_group_that_does_not_answer_is_asked_again(group: Group) -> None:
    loop = doubting(group, Known(1))
    loop.check()
    loop.check()
    group.says({1}, {1})
    loop.check()
    loop.check()
    assert group.asked == 3
