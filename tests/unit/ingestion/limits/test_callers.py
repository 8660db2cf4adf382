"""Limits of callers."""

from collections import Counter
from contextlib import ExitStack

import pytest

from darkroom_ingestion.limits.callers import MOST_HELD, CallerLimits, Limit, LimitReached, TooManyHeld
from darkroom_ingestion.limits.settings import LimitSettings
from tests.support.clock import Clock


class Limits:
    """Limits with a clock that the test sets."""

    def __init__(self, most_callers: int = 100, **settings: float) -> None:
        self.clock, self.refused = Clock(), Counter[Limit]()
        options = LimitSettings(**settings)  # type: ignore[arg-type]
        self.of = CallerLimits(
            options, lambda limit: self.refused.update([limit]), most_callers=most_callers, clock=self.clock
        )


def test_a_caller_beyond_its_requests_waits_as_long_as_it_is_told() -> None:
    limits = Limits(requests=2)
    for _ in range(2):
        limits.of.count_request("alice")
    with pytest.raises(LimitReached, match="--requests-per-caller") as reached:
        limits.of.count_request("alice")
    assert (reached.value.limit, reached.value.retry_after_s) == ("requests", 1)
    limits.of.count_request("bob")
    limits.clock.now += 1
    limits.of.count_request("alice")
    assert limits.refused == {"requests": 1}


def test_less_than_one_request_a_second_allows_one_at_once() -> None:
    limits = Limits(requests=0.1)
    limits.of.count_request("alice")
    with pytest.raises(LimitReached) as reached:
        limits.of.count_request("alice")
    assert reached.value.retry_after_s == 10


def test_a_body_is_refused_before_it_is_read_if_its_bytes_are_beyond_the_limit() -> None:
    limits = Limits(bytes=100)
    limits.of.take_bytes("alice", 60)
    with pytest.raises(LimitReached, match="--bytes-per-caller") as reached:
        limits.of.take_bytes("alice", 250)
    assert reached.value.retry_after_s == 1
    limits.of.take_bytes("alice", 40)
    limits.clock.now += 1
    limits.of.take_bytes("alice", 250)


def test_a_body_of_unknown_size_is_paid_for_by_the_next_ones() -> None:
    limits = Limits(bytes=100)
    limits.of.take_bytes("alice", 0)
    limits.of.spend_bytes("alice", 400)
    with pytest.raises(LimitReached) as reached:
        limits.of.take_bytes("alice", 0)
    assert reached.value.retry_after_s == 4


@pytest.mark.parametrize("what", ["streams", "waiting", "exports"])
def test_what_a_caller_holds_is_limited_until_it_is_released(what: str) -> None:
    limits = Limits(**{what: 1})
    with limits.of.holding(what, "alice"):  # type: ignore[arg-type]
        with pytest.raises(LimitReached, match=f"--{what}-per-caller"), limits.of.holding(what, "alice"):  # type: ignore[arg-type]
            pass
        with limits.of.holding(what, "bob"):  # type: ignore[arg-type]
            pass
    with limits.of.holding(what, "alice"):  # type: ignore[arg-type]
        pass
    assert limits.refused == {what: 1}


def test_all_callers_together_hold_no_more_than_the_service_can_serve() -> None:
    limits = Limits(exports=0)
    with ExitStack() as stack:
        for number in range(MOST_HELD["exports"]):
            stack.enter_context(limits.of.holding("exports", f"caller {number}"))
        with pytest.raises(TooManyHeld), limits.of.holding("exports", "alice"):
            pass
    with limits.of.holding("exports", "alice"):
        pass


def test_the_number_of_tracked_callers_is_bounded_and_those_that_hold_something_stay() -> None:
    limits = Limits(most_callers=3, streams=1, requests=1)
    with limits.of.holding("streams", "alice"):
        for number in range(100):
            limits.of.count_request(f"caller {number}")
        assert limits.of.tracked == 3
        with pytest.raises(LimitReached), limits.of.holding("streams", "alice"):
            pass
    with pytest.raises(LimitReached):  # the last ones are remembered
        limits.of.count_request("caller 99")


def test_without_limits_nobody_is_tracked() -> None:
    limits = Limits()
    for _ in range(1_000):
        limits.of.count_request("alice")
    assert limits.of.tracked == 0
    assert not limits.of.limits_bytes
