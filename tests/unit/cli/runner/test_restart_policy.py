"""The restart policy: delays grow, and a process that was never ready is not restarted forever."""

from hypothesis import given
from hypothesis import strategies as st

from darkroom_cli.runner.restart_policy import History, after_crash, delay_s, hopeless

chances = st.floats(0, 1)


@given(st.integers(1, 60), chances)
def test_a_delay_is_positive_and_at_most_half_a_minute(crashes: int, chance: float) -> None:
    assert 0.25 <= delay_s(History(crashes), chance) <= 30


@given(st.integers(1, 5), chances)
def test_each_crash_doubles_the_delay(crashes: int, chance: float) -> None:
    assert delay_s(History(crashes + 1), chance) == 2 * delay_s(History(crashes), chance)


def test_a_long_life_makes_the_next_crash_the_first() -> None:
    history = History(crashes=5, has_been_ready=True)
    assert after_crash(history, lived_s=3_600) == History(1, has_been_ready=True)
    assert after_crash(history, lived_s=1) == History(6, has_been_ready=True)


def test_only_a_process_that_was_never_ready_is_not_restarted() -> None:
    assert [hopeless(History(crashes)) for crashes in range(5)] == [False, False, False, True, True]
    assert not any(hopeless(History(crashes, has_been_ready=True)) for crashes in range(100))
