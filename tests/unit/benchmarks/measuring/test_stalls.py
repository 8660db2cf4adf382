"""How long the cores of a machine stand still."""

import os

from benchmarks.measuring.stalls import Stalls, stalls


def test_the_longest_time_is_a_part_of_all_of_them() -> None:
    seconds = 0.05
    found = stalls(seconds)
    in_all_ms = found.share * len(os.sched_getaffinity(0)) * seconds * 1000
    assert 0 <= found.longest_ms <= in_all_ms + 0.1
    assert (found.share == 0) == (found.longest_ms == 0)


def test_it_says_how_much_of_the_time_and_how_long_at_once() -> None:
    assert str(Stalls(share=0.0234, longest_ms=21.3)) == "cores stood still: 2.3% of the time, at most 21.3 ms"
