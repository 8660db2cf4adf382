"""Lag: how far a group is behind the end of a partition. Pure.

Callers pass offsets from Kafka, and omit partitions with unknown offsets.
"""

from dataclasses import dataclass


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


@dataclass(frozen=True)
class PartitionOffsets:
    """The log of one partition, and how far a group has read it.

    Attributes:
        end: the offset after the last record.
        beginning: the first offset that the log still holds.
        committed: None if the group has committed nothing.
    """

    end: int
    beginning: int
    committed: int | None

    @property
    def next(self) -> int:
        """The offset at which the group continues."""
        return next_offset(self.beginning, self.committed)

    @property
    def lag(self) -> int:
        """The number of offsets that the group has yet to read."""
        return lag(self.end, self.beginning, self.committed)
