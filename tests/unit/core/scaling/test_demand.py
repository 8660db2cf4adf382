"""How many workers the input and the backlog need."""

import pytest

from darkroom.scaling.demand import Demand
from darkroom.scaling.partitions import Workforce

_TWELVE = Workforce(12)


def _demand(rate_in: float = 0, lag: int = 0, worker_rate: float = 10) -> Demand:
    return Demand(lag, rate_in, worker_rate, drain_target_s=60)


@pytest.mark.parametrize(
    ("rate_in", "workers"),
    [
        pytest.param(30, 4, id="0.75 of 4"),
        pytest.param(31, 4, id="5 carry no more than 4, which are busy 0.78 of their time"),
        pytest.param(35, 6, id="4 would be busy 0.88 of their time"),
        pytest.param(50, 6, id="7 carry no more than 6, which are busy 0.83 of their time"),
        pytest.param(52, 12, id="6 would be busy more than 0.85 of their time"),
        pytest.param(900, 12, id="all that have partitions"),
    ],
)
def test_the_rate_needs_workers_among_which_the_partitions_divide_well(rate_in: float, workers: int) -> None:
    assert _demand(rate_in).workers(_TWELVE) == workers


def test_a_slow_model_gets_workers_for_three_quarters_of_their_time_always() -> None:
    assert _demand(1, worker_rate=0.2).workers(_TWELVE) == 12
    assert _demand(50, worker_rate=10).workers(_TWELVE) == 6


@pytest.mark.parametrize(("lag", "workers"), [(600, 1), (601, 2), (3000, 6), (100_000, 12)])
def test_the_backlog_needs_workers_that_drain_it_in_time(lag: int, workers: int) -> None:
    assert _demand(lag=lag).workers(_TWELVE) == workers


def test_soon_after_a_scale_down_only_a_clear_overload_counts() -> None:
    by_chance = _demand(rate_in=57, lag=180)
    clear = _demand(rate_in=57, lag=1000)

    assert by_chance.overloads(6, _TWELVE)
    assert not by_chance.clearly_overloads(6, _TWELVE)
    assert clear.clearly_overloads(6, _TWELVE)


def test_a_backlog_that_grows_has_no_time() -> None:
    assert _demand(rate_in=20, lag=100).drain_s(2, _TWELVE) is None
    assert _demand(rate_in=20, lag=100).drain_s(3, _TWELVE) == 10
    assert _demand(rate_in=20).drain_s(1, _TWELVE) == 0
