"""When a loop rejoins its group."""

from collections.abc import Mapping

import pytest

from darkroom_inference.group.rejoin import LOOK_EVERY_S, SETTLE_S, RejoinCheck
from darkroom_inference.group.view import GroupView
from darkroom_inference.kafka.errors import ClientsBroken
from darkroom_inference.lifecycle.loop_state import LoopState


class FakeGroup:
    """A group with fixed responses, which a test can change."""

    def __init__(self) -> None:
        self.answer: GroupView | None = None
        self.images: Mapping[int, int] | None = {}
        self.asked = 0

    def says(self, assigned: set[int], target: set[int]) -> None:
        self.answer = GroupView(frozenset(assigned), frozenset(target))

    def view(self) -> GroupView | None:
        self.asked += 1
        return self.answer

    def waiting(self) -> Mapping[int, int] | None:
        return self.images


class Loop:
    """A loop with some partitions, and its check with a clock that the test advances."""

    def __init__(self, group: FakeGroup, *partitions: int, lost_answers: int = 0) -> None:
        self.partitions = set(partitions)
        self.now = 1000.0
        self.state = LoopState(0, partitions=len(partitions), lost_answers=lost_answers)
        self._check = RejoinCheck(self.state, lambda: frozenset(self.partitions), group, lambda: self.now)

    def check(self) -> None:
        """Check now, and again after the settling time."""
        self._check.check()
        self.now += SETTLE_S
        self._check.check()

    def look(self) -> None:
        self.now += 1.25 * LOOK_EVERY_S
        self._check.check()


@pytest.fixture
def group() -> FakeGroup:
    return FakeGroup()


def doubting(group: FakeGroup, *partitions: int) -> Loop:
    """A loop that has just lost a response."""
    loop = Loop(group, *partitions)
    loop.state.lost_answers += 1
    return loop


def test_without_a_lost_response_the_group_is_not_queried(group: FakeGroup) -> None:
    quiet = Loop(group, 1, lost_answers=3)
    quiet.check()
    assert group.asked == 0


@pytest.mark.parametrize(
    ("assigned", "target"),
    [
        pytest.param({1, 2, 3}, {1}, id="some were to be given away"),
        pytest.param({1, 2, 3, 4}, {1, 2, 3, 4}, id="one was given"),
        pytest.param(set(), set(), id="all were to be given away"),
    ],
)
def test_a_confirmed_difference_makes_the_loop_rejoin(group: FakeGroup, assigned: set[int], target: set[int]) -> None:
    group.says(assigned, target)
    loop = doubting(group, 1, 2, 3)
    loop.check()
    with pytest.raises(ClientsBroken, match=r"its client knows of \[1, 2, 3\]"):
        loop.check()


def test_a_difference_that_is_gone_at_the_second_query_is_ignored(group: FakeGroup) -> None:
    group.says({1, 2}, {1})
    loop = doubting(group, 1, 2)
    loop.check()
    loop.partitions.remove(2)
    group.says({1}, {1})
    for _ in range(3):
        loop.check()
    assert group.asked == 2


def test_a_partition_that_others_must_release_first_is_waited_for(group: FakeGroup) -> None:
    group.says({1}, {1, 2})
    loop = doubting(group, 1)
    for _ in range(3):
        loop.check()
    assert group.asked == 1


def test_a_group_on_its_way_is_given_time(group: FakeGroup) -> None:
    loop = doubting(group, 1, 2, 3)
    for target in ({1, 2}, {1}, {2}):
        group.says({1, 2, 3}, target)
        loop.check()
    assert group.asked == 3


def test_an_unresponsive_group_is_queried_again(group: FakeGroup) -> None:
    loop = doubting(group, 1)
    loop.check()
    loop.check()
    group.says({1}, {1})
    loop.check()
    loop.check()
    assert group.asked == 3


def test_a_loop_without_partitions_rejoins_if_no_member_processes_waiting_images(group: FakeGroup) -> None:
    spare = Loop(group)
    group.images = {1: 5, 2: 9}
    spare.look()
    group.images = {1: 8, 2: 9}
    with pytest.raises(ClientsBroken, match=r"no member processes partitions \[2\], and this loop has none"):
        spare.look()


def test_a_spare_stays_if_other_members_make_progress(group: FakeGroup) -> None:
    spare = Loop(group)
    for offset in (5, 6, 7):
        group.images = {1: offset}
        spare.look()
    group.images = {}
    spare.look()


def test_unknown_offsets_are_no_reason_to_rejoin(group: FakeGroup) -> None:
    spare = Loop(group)
    for images in ({1: 5}, None, None, {1: 6}):
        group.images = images
        spare.look()


def test_a_loop_with_partitions_does_not_look_at_those_of_others(group: FakeGroup) -> None:
    busy = Loop(group, 1)
    group.images = {2: 5}
    for _ in range(3):
        busy.look()


def test_observations_of_a_spare_are_dropped_when_it_gets_partitions(group: FakeGroup) -> None:
    loop = Loop(group)
    group.images = {1: 5}
    loop.look()
    loop.state.partitions = 1
    loop.look()
    loop.state.partitions = 0
    loop.look()
