"""Exponential back-off."""

from hypothesis import given
from hypothesis import strategies as st

from darkroom.backoff import Backoff


@given(st.integers(0, 10_000))
def test_back_off_grows_to_its_limit_and_is_always_positive(failures: int) -> None:
    backoff = Backoff(first_s=0.1, most_s=5.0, failures=failures)
    whole = min(5.0, 0.1 * 2 ** min(failures, 30))
    assert whole / 2 <= backoff.next_s() <= whole
