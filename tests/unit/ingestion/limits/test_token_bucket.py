"""Token buckets."""

import math

from hypothesis import given
from hypothesis import strategies as st

from darkroom_ingestion.limits.token_bucket import TokenBucket

RATES = st.floats(0.1, 1e9)


@given(RATES, st.floats(1, 1e9), st.lists(st.tuples(st.floats(0, 100), st.floats(0.1, 1e9)), max_size=30))
def test_it_never_gives_more_than_its_burst_and_its_rate_but_for_the_last_amount(
    rate: float, burst: float, takes: list[tuple[float, float]]
) -> None:
    bucket, now_s, given_before = TokenBucket(rate, burst, 0.0), 0.0, 0.0
    for pause_s, amount in takes:
        now_s += pause_s
        if bucket.take(amount, now_s) == 0:
            assert given_before + min(amount, burst) <= (burst + rate * now_s) * (1 + 1e-6)
            given_before += amount


@given(RATES, st.floats(1, 1e9), st.floats(0, 1e9), st.floats(0.1, 1e9))
def test_after_the_time_that_it_names_in_whole_seconds_there_is_enough(
    rate: float, burst: float, spent: float, amount: float
) -> None:
    bucket = TokenBucket(rate, burst, 0.0)
    bucket.spend(spent, 0.0)
    wait_s = bucket.take(amount, 0.0)
    missing_s = 0.0 if wait_s == 0 else bucket.take(amount, float(math.ceil(wait_s)))
    assert missing_s <= wait_s * 1e-12  # a wait of years is rounded to nanoseconds


def test_an_amount_larger_than_the_bucket_is_given_when_it_is_full_and_owed_afterwards() -> None:
    bucket = TokenBucket(10.0, 10.0, 0.0)
    assert bucket.take(30, 0.0) == 0
    assert bucket.take(1, 0.0) == 2.1
    assert bucket.take(10, 2.0) == 1.0
    assert bucket.take(10, 3.0) == 0


def test_it_saves_up_no_more_than_its_burst() -> None:
    bucket = TokenBucket(10.0, 10.0, 0.0)
    assert bucket.take(10, 1_000.0) == 0
    assert bucket.take(1, 1_000.0) > 0


def test_asking_takes_nothing() -> None:
    bucket = TokenBucket(10.0, 10.0, 0.0)
    assert bucket.wait_s(10, 0.0) == bucket.wait_s(10, 0.0) == 0
    assert bucket.take(10, 0.0) == 0
    assert bucket.wait_s(5, 0.0) == bucket.take(5, 0.0) == 0.5
