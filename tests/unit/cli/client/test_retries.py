"""The delay before the client retries a request."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom_cli.client.retries import delay_s, retry_after_s

NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("Mon, 23 Nov 2026 12:00:05 GMT", 5.0),
        ("Mon, 23 Nov 2026 11:59:00 GMT", 0.0),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: float | None) -> None:
    assert retry_after_s({"Retry-After": value}, NOON) == seconds
    assert retry_after_s({}, NOON) is None


@given(st.integers(1, 100), st.floats(0, 60), st.floats(0, 1))
def test_the_requested_delay_is_respected(attempt: int, asked_for_s: float, chance: float) -> None:
    assert delay_s(attempt, asked_for_s, chance) >= asked_for_s
    assert 0 < delay_s(attempt, None, chance) <= 10
