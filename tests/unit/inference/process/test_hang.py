"""When a process hangs: it does not tick, although it is not stopped."""

from darkroom_inference.process.hang import HangCheck


def looks(check: HangCheck, *ticks: int, stopped: bool = False) -> list[bool]:
    return [check.look(number, stopped=stopped) for number in ticks]


def test_a_process_that_does_not_tick_for_too_long_hangs() -> None:
    assert looks(HangCheck(most_looks=2), 1, 1, 1, 1, 1) == [False, False, False, True, False]


def test_a_process_that_ticks_does_not_hang() -> None:
    assert looks(HangCheck(most_looks=2), 1, 1, 1, 2, 2, 2, 3) == [False] * 7


def test_a_process_that_starts_does_not_hang() -> None:
    assert looks(HangCheck(most_looks=2), 5, 0, 0, 0, 0, 0, 1, 1) == [False] * 8


def test_the_time_for_which_a_process_is_stopped_does_not_count() -> None:
    check = HangCheck(most_looks=2)
    assert looks(check, 1, 1) == [False, False]
    assert looks(check, *[1] * 100, stopped=True) == [False] * 100
    assert looks(check, 1, 1) == [False, True]
