"""The plan of a replay. It is stored in the metadata of the offsets that the replay's group commits.

A replay can therefore be resumed by name on any machine, and there is no state outside Kafka. Range and position are in
the same commit, so they can't contradict each other.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from darkroom.kafka.lag import lag
from darkroom_inference.bounded.ranges import Range

_FIELD: Final = "replay"


@dataclass(frozen=True)
class ReplayPlan:
    """One replay.

    Attributes:
        results_topic: topic for the results. Defaults to the stage's own.
        ranges: the offsets to read, by partition.
    """

    ranges: Mapping[int, Range]
    results_topic: str | None = None

    @property
    def images(self) -> int:
        """The number of offsets to read."""
        return sum(part.length for part in self.ranges.values())

    @property
    def ends(self) -> dict[int, int]:
        """The end offset of each partition's range (exclusive)."""
        return {partition: part.end for partition, part in self.ranges.items()}

    def commit_fields(self) -> dict[int, dict[str, Any]]:
        """The fields in the metadata of every commit, by partition."""
        topic = {} if self.results_topic is None else {"resultsTopic": self.results_topic}
        return {n: {_FIELD: {"start": part.start, "end": part.end, **topic}} for n, part in self.ranges.items()}


def read_plan(metadata: Mapping[int, str | None]) -> ReplayPlan | None:
    """The plan in the metadata of a group's commits, by partition; None if they hold none."""
    found: dict[int, Range] = {}
    results_topic: str | None = None
    for partition, text in metadata.items():
        try:
            fields = json.loads(text or "")
        except ValueError:
            continue
        match fields:
            case {"replay": {"start": int(start), "end": int(end), **rest}}:
                found[partition] = Range(start, end)
                topic = rest.get("resultsTopic")
                results_topic = topic if isinstance(topic, str) else results_topic
    return ReplayPlan(found, results_topic) if found else None


def left(plan: ReplayPlan, committed: Mapping[int, int | None]) -> int:
    """The number of offsets left to read."""
    return sum(lag(part.end, part.start, committed.get(partition)) for partition, part in plan.ranges.items())
