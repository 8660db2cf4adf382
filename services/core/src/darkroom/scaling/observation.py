"""What the rule sees of a stage at one time."""

from dataclasses import dataclass

from darkroom.kafka.lag import PartitionOffsets


@dataclass(frozen=True)
class Work:
    """What the workers have done since the previous observation, from their own metrics.

    Attributes:
        images: number of images finished.
        busy_s: seconds that loops spent on them, of all loops of all workers together.
    """

    images: int
    busy_s: float


@dataclass(frozen=True)
class Observation:
    """A stage at one time.

    Attributes:
        at: the time in seconds, of a clock that never goes back.
        partitions: by partition number; None where an offset can't be read. Empty if the topic can't be read.
        replicas: number of workers that are asked for now.
        ready: number of workers that are ready.
        rolling_out: whether workers are being replaced by those of another version.
        work: None if the workers' metrics are not read.
    """

    at: float
    partitions: tuple[PartitionOffsets | None, ...]
    replicas: int
    ready: int
    rolling_out: bool = False
    work: Work | None = None

    @property
    def known(self) -> tuple[PartitionOffsets, ...] | None:
        """The offsets of all partitions; None if those of any are unknown."""
        found = tuple(one for one in self.partitions if one is not None)
        return found if found and len(found) == len(self.partitions) else None
