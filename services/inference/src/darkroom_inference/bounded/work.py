"""The work of a loop within the ranges of a replay."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from darkroom_inference.bounded.limits import ReplayLimits
from darkroom_inference.bounded.source import BoundedSource
from darkroom_inference.bounded.tally import CountsWriter
from darkroom_inference.kafka.marks import CLEAN, Mark
from darkroom_inference.kafka.offsets import Offsets
from darkroom_inference.loop.assignment import Assignment
from darkroom_inference.loop.work import LoopParts, Work


class BoundedWorkFactory:
    """Creates the work of a replay's loop."""

    def __init__(self, limits: ReplayLimits) -> None:
        self._limits = limits

    def commit_fields(self) -> Mapping[int, Mapping[str, Any]]:
        """The replay's plan, so that the replay can be resumed."""
        return self._limits.plan.commit_fields()

    def work(self, parts: LoopParts) -> Work:
        """Batches from the ranges of the replay."""
        limits = self._limits
        ends = limits.plan.ends
        source = BoundedSource(parts.consumer, parts.settings.images_topic, ends, parts.assignment, limits.tokens)
        return BoundedWork(parts.batches(source), source, parts.assignment, parts.offsets, limits.counts)


@dataclass
class BoundedWork:
    """The work of one loop. Also commits the end of a partition's range once all its images are processed.

    The last offsets of a range may hold no record (a transaction marker, a compacted topic). The end is committed
    anyway, so that the group's lag within the range becomes zero.
    """

    batches: Work
    source: BoundedSource
    assignment: Assignment
    offsets: Offsets
    counts: CountsWriter

    def turn(self) -> None:
        """See `Work.turn`."""
        try:
            self.batches.turn()
            self._finish()
        finally:
            self.counts.write()

    def _finish(self) -> None:
        done: dict[int, tuple[int, Mark]] = {}
        for partition in self.source.reached & self.assignment.partitions.keys():
            position, end = self.assignment.partitions[partition], self.source.ends.get(partition)
            if end is not None and (position is None or position.offset < end):
                done[partition] = (end, CLEAN)
        if done:
            self.offsets.commit(done)
            self.assignment.advance(done)
