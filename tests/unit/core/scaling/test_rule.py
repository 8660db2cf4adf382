"""The number of workers that the rule chooses, by what it observes."""

from dataclasses import replace
from itertools import pairwise

import pytest

from darkroom.scaling.decision import Reason
from darkroom.scaling.observation import Observation, Work
from darkroom.scaling.rule import decide
from darkroom.scaling.settings import Settings
from darkroom.scaling.state import State
from tests.support.scaling.scaled_stage import ScaledStage

_SETTINGS = Settings(minimum=0, maximum=12)


def test_the_first_image_starts_a_worker_even_before_any_commit() -> None:
    stage = ScaledStage(_SETTINGS)
    assert stage.tick().replicas == 0

    decision = stage.tick(came=1)

    assert (decision.replicas, decision.reason, decision.lag) == (1, Reason.FIRST_IMAGE, 1)


def test_images_that_waited_before_the_first_look_start_a_worker() -> None:
    decision = ScaledStage(_SETTINGS).tick(came=5)

    assert (decision.replicas, decision.reason) == (1, Reason.FIRST_IMAGE)


def test_a_backlog_at_zero_starts_at_most_four_workers_at_once() -> None:
    stage = ScaledStage(_SETTINGS).knows(worker_rate=10)

    assert stage.tick(came=50_000).replicas == 4


def test_as_few_workers_as_carry_the_rate_at_three_quarters_of_their_capacity() -> None:
    stage = ScaledStage(_SETTINGS, replicas=1).knows(worker_rate=10, rate_in=21)

    decision = stage.tick(came=21 * 15, done=21 * 15)

    assert (decision.replicas, decision.reason) == (3, Reason.RATE_NEEDS_MORE)  # 21 / 0.75 / 10 = 2.8


@pytest.mark.parametrize(("rate", "replicas"), [(17.9, 2), (18.1, 3)])
def test_workers_are_added_above_nine_tenths_of_the_capacity(rate: float, replicas: int) -> None:
    stage = ScaledStage(_SETTINGS, replicas=2).knows(worker_rate=10, rate_in=rate)

    assert stage.tick(came=rate * 15, done=rate * 15).replicas == replicas


@pytest.mark.parametrize(("lag", "replicas", "reason"), [(590, 1, "Enough"), (610, 2, "BacklogNeedsMore")])
def test_workers_are_added_for_a_backlog_that_takes_longer_than_the_drain_target(
    lag: int, replicas: int, reason: str
) -> None:
    stage = ScaledStage(_SETTINGS, replicas=1, came=lag).knows(worker_rate=10)

    decision = stage.tick()

    assert (decision.replicas, decision.reason, decision.drain_s) == (replicas, reason, lag / 10)


def test_a_step_up_is_to_twice_as_many_or_four_more() -> None:
    settings = Settings(minimum=0, maximum=100)
    stage = ScaledStage(settings, partitions=96, replicas=1).knows(worker_rate=10)

    steps = [stage.tick(came=20_000, done=0).replicas for _ in range(5)]

    assert steps == [5, 10, 20, 32, 48]  # 40 workers carry no more than 32, and 64 no more than 48


def test_only_numbers_of_workers_that_divide_the_partitions_well_are_chosen() -> None:
    stage = ScaledStage(Settings(minimum=0, maximum=10), replicas=4).knows(worker_rate=10, rate_in=200)

    up = stage.tick(came=3000)
    held = stage.tick(came=3000)

    assert (up.replicas, held.replicas, held.reason) == (6, 6, Reason.AT_MAXIMUM)


def test_more_workers_than_partitions_are_never_started() -> None:
    stage = ScaledStage(Settings(minimum=0, maximum=50), replicas=12).knows(worker_rate=10, rate_in=500)

    decision = stage.tick(came=9000)

    assert (decision.replicas, decision.reason) == (12, Reason.AT_PARTITIONS)


def test_without_order_there_may_be_more_workers_than_partitions() -> None:
    settings = Settings(minimum=0, maximum=50, ordered=False)
    stage = ScaledStage(settings, replicas=12).knows(worker_rate=10, rate_in=500)

    assert stage.tick(came=9000).replicas == 24


def test_a_minimum_above_the_partitions_starts_as_many_as_partitions() -> None:
    stage = ScaledStage(Settings(minimum=20, maximum=50), replicas=2)

    decision = stage.tick()

    assert (decision.replicas, decision.reason) == (12, Reason.AT_MINIMUM)


def test_unknown_offsets_of_one_partition_hold_the_number_of_workers() -> None:
    stage = ScaledStage(_SETTINGS, replicas=3).knows(worker_rate=10)
    before = stage.state
    stage.unreadable = {7}

    decision = stage.tick(came=50_000)

    assert (decision.replicas, decision.reason, decision.lag) == (3, Reason.UNKNOWN_OFFSETS, None)
    assert decision.state == before


def test_an_unknown_topic_holds_the_number_of_workers() -> None:
    decision = decide(_SETTINGS, State(), Observation(0, (), replicas=3, ready=3))

    assert (decision.replicas, decision.reason) == (3, Reason.UNKNOWN_OFFSETS)


def test_no_input_for_long_enough_removes_all_workers_and_not_earlier() -> None:
    stage = ScaledStage(_SETTINGS, replicas=1)
    stage.tick(came=10, done=10)

    decisions = stage.ticks(20)

    assert [decision.replicas for decision in decisions] == [1] * 19 + [0]
    assert decisions[-1].reason is Reason.NO_INPUT


def test_one_image_that_waits_keeps_the_last_worker() -> None:
    stage = ScaledStage(_SETTINGS, replicas=1)
    stage.tick(came=10, done=9)

    assert {decision.replicas for decision in stage.ticks(60)} == {1}


def test_a_minimum_is_kept_without_input() -> None:
    stage = ScaledStage(Settings(minimum=2, maximum=12), replicas=2)

    decision = stage.ticks(60)[-1]

    assert (decision.replicas, decision.reason) == (2, Reason.AT_MINIMUM)


def test_workers_are_removed_down_to_what_was_needed_at_most_during_the_delay() -> None:
    stage = ScaledStage(_SETTINGS, replicas=12).knows(worker_rate=10, rate_in=55)
    needing_eight = stage.tick(came=55 * 15, done=55 * 15)  # 55 / 0.75 / 10 = 7.3 workers, so 12
    needing_four = stage.ticks(11, came=28 * 15, done=28 * 15)

    assert {decision.replicas for decision in [needing_eight, *needing_four]} == {12}
    assert needing_four[-1].reason is Reason.SCALE_DOWN_DELAY
    assert [decision.replicas for decision in stage.ticks(8, came=28 * 15, done=28 * 15)][::7] == [6, 4]


def test_a_step_down_keeps_half_and_is_taken_once_a_minute() -> None:
    stage = ScaledStage(_SETTINGS, replicas=12).knows(worker_rate=10)
    replicas = [decision.replicas for decision in stage.ticks(24, came=15, done=15)]
    changes = [i for i in range(1, 24) if replicas[i] != replicas[i - 1]]

    assert sorted(set(replicas), reverse=True) == [12, 6, 3, 2, 1]
    assert [after - before for before, after in pairwise(changes)] == [4, 4, 4]


def test_workers_are_not_removed_within_two_minutes_after_workers_were_added() -> None:
    settings = Settings(minimum=0, maximum=12, scale_down_delay_s=15)
    stage = ScaledStage(settings, replicas=1).knows(worker_rate=10, rate_in=21)
    assert stage.tick(came=21 * 15, done=21 * 15).replicas == 3

    replicas = [decision.replicas for decision in stage.ticks(9, came=15, done=15)]

    assert replicas == [3] * 7 + [2] * 2


def test_workers_are_not_removed_during_a_rollout() -> None:
    stage = ScaledStage(_SETTINGS, replicas=4, rolling_out=True).knows(worker_rate=10)

    decision = stage.ticks(60)[-1]

    assert (decision.replicas, decision.reason) == (4, Reason.ROLLING_OUT)


def test_workers_are_added_during_a_rollout() -> None:
    stage = ScaledStage(_SETTINGS, replicas=1, rolling_out=True).knows(worker_rate=10, rate_in=21)

    assert stage.tick(came=21 * 15, done=21 * 15).replicas == 3


def test_images_that_no_worker_works_on_are_no_reason_for_more_workers() -> None:
    stage = ScaledStage(_SETTINGS, replicas=2, works=Work(images=0, busy_s=0)).knows(worker_rate=10)

    decisions = stage.ticks(8, came=1000)

    assert decisions[-1].reason is Reason.STUCK
    assert len({decision.replicas for decision in decisions[3:]}) == 1


def test_a_stuck_stage_scales_again_once_a_worker_makes_progress() -> None:
    stage = ScaledStage(Settings(minimum=0, maximum=12), replicas=1, works=Work(0, 0)).knows(worker_rate=10)
    stage.ticks(8, came=10)
    stage.ticks(1, came=20_000)
    stuck = stage.replicas

    stage.works = Work(images=150, busy_s=15)
    decision = stage.tick(came=1000, done=150)

    assert decision.reason is Reason.BACKLOG_NEEDS_MORE
    assert decision.replicas > stuck


def test_workers_whose_metrics_are_unknown_get_five_minutes_for_progress() -> None:
    stage = ScaledStage(_SETTINGS, replicas=1).knows(worker_rate=10)
    reasons = [decision.reason for decision in stage.ticks(25, came=1)]

    assert reasons.index(Reason.STUCK) == 19  # at 315 s, after the last progress at 15 s


def test_workers_that_bring_less_than_a_tenth_more_are_not_followed_by_more() -> None:
    stage = ScaledStage(Settings(minimum=0, maximum=96), partitions=96, replicas=2)
    stage.ticks(16, came=400, done=300)

    held = stage.ticks(8, came=400, done=300)

    assert {decision.reason for decision in held} == {Reason.NO_GAIN}
    assert len({decision.replicas for decision in held}) == 1
    assert held[-1].replicas < 96


def test_workers_that_bring_more_are_followed_by_more() -> None:
    stage = ScaledStage(Settings(minimum=0, maximum=50), replicas=2)
    for _ in range(30):
        decision = stage.tick(came=3000, done=150 * stage.replicas)

    assert (decision.replicas, decision.reason) == (12, Reason.AT_PARTITIONS)


def test_a_scale_up_is_not_compared_with_what_more_workers_did_with_an_earlier_backlog() -> None:
    stage = ScaledStage(_SETTINGS, replicas=12)
    stage.ticks(4, came=3000, done=1800)  # 120 images/s
    stage.tick(done=8000)
    while stage.replicas:
        stage.tick()

    decisions = [stage.tick(came=900, done=150 * stage.replicas) for _ in range(10)]

    assert decisions[-1].replicas == 12
    assert Reason.NO_GAIN not in {decision.reason for decision in decisions}


def test_with_metrics_only_the_number_is_recommended_and_not_set() -> None:
    stage = ScaledStage(replace(_SETTINGS, metrics_only=True), replicas=1).knows(worker_rate=10, rate_in=21)

    decision = stage.tick(came=21 * 15, done=21 * 15)

    assert (decision.desired, decision.replicas, decision.reason) == (3, 1, Reason.RATE_NEEDS_MORE)


def test_the_limits_apply_even_while_offsets_are_unknown() -> None:
    stage = ScaledStage(Settings(minimum=2, maximum=4), replicas=9, unreadable={0})

    assert stage.tick().replicas == 4


def test_a_stage_whose_workers_rate_is_unknown_keeps_them_while_images_wait() -> None:
    stage = ScaledStage(_SETTINGS, replicas=3, ready=0)
    stage.tick()

    decision = stage.tick(came=500)

    assert (decision.replicas, decision.reason, decision.drain_s) == (3, Reason.MEASURING, None)


def test_workers_that_never_had_a_backlog_are_reduced_until_they_are_busy() -> None:
    stage = ScaledStage(_SETTINGS, replicas=12)

    assert stage.ticks(80, came=15, done=15)[-1].replicas == 1


def test_a_gap_in_the_observations_counts_as_time_in_which_all_workers_were_needed() -> None:
    stage = ScaledStage(_SETTINGS, replicas=12).knows(worker_rate=10)
    stage.ticks(11, came=15, done=15)
    stage.unreadable = {0}
    stage.ticks(5, came=15, done=15)
    stage.unreadable = set()

    decisions = stage.ticks(13, came=15, done=15)

    assert [decision.replicas for decision in decisions] == [12] * 12 + [6]


def test_every_reason_is_explained() -> None:
    assert all(reason.explanation for reason in Reason)
