"""Which part of each partition a replay reads. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from darkroom.kafka.positions import AtOffset, AtTime, Position

Bounds = Mapping[int, tuple[int, int]]
"""By partition: the first offset that the log holds, and the one after the last."""


@dataclass(frozen=True)
class Range:
    """The offsets from `start` on, without `end`."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """How many offsets; images are at most as many."""
        return self.end - self.start


def ranges(start: Mapping[int, int], end: Mapping[int, int], log: Bounds) -> dict[int, Range]:
    """From `start` to `end` of each partition, as far as the log holds them; empty where they are the wrong way round.

    Args:
        start: by partition; any offset.
        end: likewise.
        log: every partition of the topic.
    """
    clamped = {}
    for partition, (first, last) in log.items():
        begin = _within(start[partition], first, last)
        clamped[partition] = Range(begin, _within(end[partition], begin, last))
    return clamped


def offsets(position: Position, log: Bounds, at_time: Mapping[int, int | None]) -> dict[int, int]:
    """The offset of each partition that `position` means.

    Args:
        position: as the user named it.
        log: every partition of the topic.
        at_time: for a time, the first offset that is not older; None where there is none yet.
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
