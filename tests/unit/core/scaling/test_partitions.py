"""How many workers are effective on a number of partitions."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.scaling.partitions import Workforce

_WORKFORCES = st.builds(Workforce, st.integers(1, 200) | st.none(), st.integers(1, 8))


@pytest.mark.parametrize(
    ("workers", "effective"), [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (5, 4), (6, 6), (7, 6), (11, 6), (12, 12)]
)
def test_the_worker_with_the_most_of_12_partitions_limits_the_group(workers: int, effective: float) -> None:
    assert Workforce(12).effective(workers) == effective


def test_only_numbers_of_workers_that_carry_more_than_fewer_are_chosen() -> None:
    assert {Workforce(12).fewest(load / 10) for load in range(1, 121)} == {1, 2, 3, 4, 6, 12}


def test_the_loops_of_a_worker_are_consumers_of_their_own() -> None:
    workforce = Workforce(12, loops=4)

    assert workforce.effective(1) == 1
    assert workforce.effective(2) == 1.5  # 8 consumers carry as much as 6
    assert workforce.most == 3


def test_without_partitions_every_worker_counts() -> None:
    workforce = Workforce(None)

    assert [workforce.effective(n) for n in (0, 1, 7)] == [0, 1, 7]
    assert [workforce.fewest(load) for load in (0, 0.2, 6.5)] == [0, 1, 7]
    assert workforce.most is None


@given(_WORKFORCES, st.floats(0.01, 300))
def test_no_fewer_workers_carry_a_load(workforce: Workforce, load: float) -> None:
    workers = workforce.fewest(load)

    assert workforce.effective(workers - 1) < load
    if workforce.most is None or load <= workforce.effective(workforce.most):
        assert workforce.effective(workers) >= load - 1e-6
    else:
        assert workers == workforce.most


@given(_WORKFORCES, st.integers(1, 300))
def test_numbers_are_rounded_to_those_of_which_no_worker_is_superfluous(workforce: Workforce, workers: int) -> None:
    fewer, more = workforce.at_most(workers), workforce.at_least(workers)

    assert fewer <= workers
    assert math.isclose(workforce.effective(fewer), workforce.effective(workers))
    assert more >= min(workers, workforce.most or workers)
    for settled in (fewer, more):
        assert workforce.effective(settled - 1) < workforce.effective(settled)
