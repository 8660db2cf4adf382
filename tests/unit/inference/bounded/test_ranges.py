"""Which part of each partition a replay reads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.kafka.positions import AtOffset, AtTime, Position
from darkroom_inference.bounded.ranges import Range, offsets, ranges

LOG = {0: (10, 50), 1: (0, 0), 2: (5, 20)}

offset = st.integers(0, 100)
logs = st.dictionaries(st.integers(0, 5), st.tuples(offset, offset).map(lambda pair: (min(pair), max(pair))))


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        ("beginning", "end", {0: Range(10, 50), 1: Range(0, 0), 2: Range(5, 20)}),
        (AtOffset(15), "end", {0: Range(15, 50), 1: Range(0, 0), 2: Range(15, 20)}),
        (AtOffset(15), AtOffset(30), {0: Range(15, 30), 1: Range(0, 0), 2: Range(15, 20)}),
        (AtOffset(0), AtOffset(7), {0: Range(10, 10), 1: Range(0, 0), 2: Range(5, 7)}),
        # Partition 2 has nothing that late.
        (AtTime(1), "end", {0: Range(12, 50), 1: Range(0, 0), 2: Range(20, 20)}),
    ],
)
def test_a_range_is_limited_to_the_log(start: Position, end: Position, found: dict[int, Range]) -> None:
    at_time = {0: 12, 1: None, 2: None}
    assert ranges(offsets(start, LOG, at_time), offsets(end, LOG, at_time), LOG) == found


@given(logs, st.data())
def test_a_range_is_within_the_log_and_never_negative(log: dict[int, tuple[int, int]], data: st.DataObject) -> None:
    start, end = ({p: data.draw(offset) for p in log} for _ in range(2))
    for partition, found in ranges(start, end, log).items():
        first, last = log[partition]
        assert first <= found.start <= found.end <= last
