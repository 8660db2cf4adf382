"""How far a group is behind the end of a partition."""

import pytest

from darkroom.kafka.lag import PartitionOffsets, lag, next_offset


@pytest.mark.parametrize(
    ("beginning", "committed", "expected"),
    [
        pytest.param(0, None, 0, id="nothing committed"),
        pytest.param(7, None, 7, id="nothing committed, old records deleted"),
        pytest.param(0, 5, 5, id="committed"),
        pytest.param(7, 5, 7, id="retention was quicker than the group"),
    ],
)
def test_a_group_continues_at_its_committed_offset_or_the_logs_beginning(
    beginning: int, committed: int | None, expected: int
) -> None:
    assert next_offset(beginning, committed) == expected


@pytest.mark.parametrize(
    ("end", "beginning", "committed", "expected"),
    [
        pytest.param(10, 0, 3, 7, id="behind"),
        pytest.param(10, 0, 10, 0, id="at the end"),
        pytest.param(10, 4, None, 6, id="nothing committed"),
        pytest.param(10, 4, 1, 6, id="retention was quicker than the group"),
        pytest.param(10, 0, 12, 0, id="committed beyond the end of what a reader may see"),
        pytest.param(10, 10, None, 0, id="an empty partition"),
    ],
)
def test_lag_is_the_number_of_offsets_left(end: int, beginning: int, committed: int | None, expected: int) -> None:
    assert lag(end, beginning, committed) == expected


def test_the_offsets_of_a_partition_tell_where_the_group_continues_and_how_far_behind_it_is() -> None:
    offsets = PartitionOffsets(end=10, beginning=4, committed=None)

    assert (offsets.next, offsets.lag) == (4, 6)
