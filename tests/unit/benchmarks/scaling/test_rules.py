"""The rules look when the operator does, and when KEDA's and Kubernetes' documentation say."""

from benchmarks.scaling.rules import Darkroom, Keda, Rule
from benchmarks.scaling.stage import Stage
from benchmarks.scaling.traces import Trace

_TRACE = Trace("none", 3600, lambda _: 0.0)
_THRESHOLD = 600  # 10 images/s for 60 s


def _stage(lag: int, replicas: int) -> Stage:
    stage = Stage(_TRACE, seed=0)
    stage.partitions[0].end = lag
    stage.scale(replicas)
    return stage


def _look(rule: Rule, stage: Stage, second: int) -> int:
    stage.second = second
    rule.look(stage)
    return stage.replicas


def test_a_stage_without_workers_gets_one_within_five_seconds_of_its_first_image() -> None:
    rule, stage = Darkroom(_TRACE), _stage(lag=0, replicas=0)
    before = _look(rule, stage, 15)
    stage.partitions[0].end = 1

    assert [before, *(_look(rule, stage, second) for second in (19, 20))] == [0, 0, 1]


def test_a_stage_with_workers_is_looked_at_every_fifteen_seconds() -> None:
    rule, stage = Darkroom(_TRACE), _stage(lag=0, replicas=0)
    stage.partitions[0].end = 1
    _look(rule, stage, 15)
    stage.partitions[0].done = 1

    assert [_look(rule, stage, second) for second in (320, 325, 330)] == [1, 1, 0]


def test_a_lag_activates_the_stage_at_the_next_poll() -> None:
    rule, stage = Keda(_TRACE), _stage(lag=1, replicas=0)

    assert [_look(rule, stage, second) for second in (15, 30)] == [0, 1]


def test_the_replicas_are_the_lag_by_the_threshold_within_the_tolerance() -> None:
    assert _look(Keda(_TRACE), _stage(lag=3 * _THRESHOLD + 1, replicas=3), 15) == 3
    assert _look(Keda(_TRACE), _stage(lag=4 * _THRESHOLD, replicas=3), 15) == 4


def test_a_step_up_is_to_twice_as_many_or_to_four() -> None:
    rule, stage = Keda(_TRACE), _stage(lag=100 * _THRESHOLD, replicas=1)

    assert [_look(rule, stage, second) for second in (15, 30, 45)] == [4, 8, 12]


def test_replicas_are_removed_once_none_of_five_minutes_needed_them() -> None:
    rule, stage = Keda(_TRACE), _stage(lag=6 * _THRESHOLD, replicas=6)
    _look(rule, stage, 15)
    stage.partitions[0].end = 2 * _THRESHOLD

    replicas = [_look(rule, stage, second) for second in range(45, 345, 30)]

    assert replicas == [6] * 9 + [2]


def test_without_lag_the_last_replica_is_removed_after_the_cooldown() -> None:
    rule, stage = Keda(_TRACE), _stage(lag=1, replicas=1)
    _look(rule, stage, 30)
    stage.partitions[0].end = 0

    assert [_look(rule, stage, second) for second in (60, 300, 330)] == [1, 1, 0]
