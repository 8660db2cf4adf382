"""What no rule can do better on a trace."""

import pytest

from benchmarks.scaling.bounds import changes_with_known_rates, fewest_pod_hours
from benchmarks.scaling.traces import Trace


@pytest.mark.parametrize(("rate", "workers"), [(0.0, 0), (30.0, 4), (31.0, 6), (46.0, 12), (500.0, 12)])
def test_the_fewest_workers_are_those_that_twelve_partitions_divide_well_among(rate: float, workers: int) -> None:
    assert fewest_pod_hours(Trace("steady", 3600, lambda _: rate)) == workers


def test_workers_that_are_always_busy_are_the_fewest_of_all() -> None:
    assert fewest_pod_hours(Trace("steady", 3600, lambda _: 46.0), utilisation=1.0) == 6


def test_a_step_up_and_down_again_changes_the_workers_as_often_as_the_rule_must() -> None:
    step = Trace("step", 3600, lambda second: 80.0 if 900 <= second < 1800 else 10.0)

    assert changes_with_known_rates(step) == 5  # 0, 2, 12, 6, 3, 2
