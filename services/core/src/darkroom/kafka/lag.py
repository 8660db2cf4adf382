"""Lag: how far a group is behind the end of a partition. Pure.

Callers pass offsets from Kafka, and omit partitions with unknown offsets.
"""


def next_offset(beginning: int, committed: int | None) -> int:
    """The offset at which a group continues: the committed one, or the log's beginning if that is later.

    Args:
        beginning: the first offset that the log still holds.
        committed: None if the group has committed nothing.
    """
    return beginning if committed is None else max(committed, beginning)


def lag(end: int, beginning: int, committed: int | None) -> int:
    """The number of offsets that a group has yet to read.

    Args:
        end: the offset after the last record.
        beginning: the first offset that the log still holds.
        committed: None if the group has committed nothing.
    """
    return max(0, end - next_offset(beginning, committed))
