"""Which part of each partition a replay reads. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from darkroom.kafka.positions import AtOffset, AtTime, Position

Bounds = Mapping[int, tuple[int, int]]
"""By partition: the first offset in the log, and its end offset (exclusive)."""


@dataclass(frozen=True)
class Range:
    """The offsets from `start` (inclusive) to `end` (exclusive)."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """The number of offsets: an upper bound on the number of images."""
        return self.end - self.start


def ranges(start: Mapping[int, int], end: Mapping[int, int], log: Bounds) -> dict[int, Range]:
    """The range from `start` to `end` of each partition, limited to the log; empty where `end` is before `start`.

    Args:
        start: first offset by partition; any value.
        end: end offset (exclusive) by partition; any value.
        log: every partition of the topic.
    """
    clamped = {}
    for partition, (first, last) in log.items():
        begin = _within(start[partition], first, last)
        clamped[partition] = Range(begin, _within(end[partition], begin, last))
    return clamped


def offsets(position: Position, log: Bounds, at_time: Mapping[int, int | None]) -> dict[int, int]:
    """The offset in each partition that corresponds to `position`.

    Args:
        position: the user's choice.
        log: every partition of the topic.
        at_time: if `position` is a time, the first offset that is not older; None where there is none yet.
    """
    match position:
        case "beginning":
            return {partition: first for partition, (first, _) in log.items()}
        case "end":
            return {partition: last for partition, (_, last) in log.items()}
        case AtOffset(offset):
            return dict.fromkeys(log, offset)
        case AtTime():
            found = {partition: at_time.get(partition) for partition in log}
            return {p: log[p][1] if offset is None else offset for p, offset in found.items()}


def _within(offset: int, first: int, last: int) -> int:
    return max(first, min(offset, last))
