"""How far a group is behind the end of a partition. Pure.

Every offset is one that Kafka has told: an offset that is not known is for the caller to leave out, never to guess.
"""


def next_offset(beginning: int, committed: int | None) -> int:
    """The offset that a group goes on from: the committed one, or the log's beginning if that is later.

    Args:
        beginning: the first offset that the log still holds.
        committed: None if the group has committed nothing.
    """
    return beginning if committed is None else max(committed, beginning)


def lag(end: int, beginning: int, committed: int | None) -> int:
    """How many offsets a group has still to read.

    Args:
        end: the offset after the last record.
        beginning: the first offset that the log still holds.
        committed: None if the group has committed nothing.
    """
    return max(0, end - next_offset(beginning, committed))
