"""A stage for tests of the scaling rule: offsets that move as the test says, and the rule's decisions on them."""

from dataclasses import dataclass, field, replace

from darkroom.kafka.lag import PartitionOffsets
from darkroom.scaling.decision import Decision
from darkroom.scaling.observation import Observation, Work
from darkroom.scaling.rule import decide
from darkroom.scaling.settings import TICK_S, Settings
from darkroom.scaling.state import State


@dataclass
class ScaledStage:
    """A stage whose replicas follow the rule. Images are spread evenly over its partitions."""

    settings: Settings
    partitions: int = 12
    replicas: int = 0
    ready: int | None = None
    rolling_out: bool = False
    works: Work | None = None
    unreadable: set[int] = field(default_factory=set)
    at: float = 0.0
    state: State = field(default_factory=State)
    came: float = 0.0
    done: float = 0.0

    def tick(self, came: float = 0, done: float = 0, *, seconds: float = TICK_S) -> Decision:
        """Let images come and be analysed, then decide."""
        self.at += seconds
        self.came += came
        self.done = min(self.came, self.done + done)
        decision = decide(self.settings, self.state, self.observation)
        self.state, self.replicas = decision.state, decision.replicas
        return decision

    def ticks(self, count: int, came: float = 0, done: float = 0) -> list[Decision]:
        """The decisions of several equal ticks."""
        return [self.tick(came, done) for _ in range(count)]

    def knows(self, *, worker_rate: float, rate_in: float = 0.0) -> "ScaledStage":
        """Let the rule know rates, as if they had been measured until now."""
        self.tick()
        self.state = replace(self.state, worker_rate=worker_rate, rate_in=rate_in)
        return self

    @property
    def observation(self) -> Observation:
        """What the rule sees."""
        ready = self.replicas if self.ready is None else self.ready
        return Observation(self.at, self._offsets(), self.replicas, ready, self.rolling_out, self.works)

    def _offsets(self) -> tuple[PartitionOffsets | None, ...]:
        ends, dones = _spread(self.came, self.partitions), _spread(self.done, self.partitions)
        return tuple(
            None if number in self.unreadable else PartitionOffsets(end, 0, done or None)
            for number, (end, done) in enumerate(zip(ends, dones, strict=True))
        )


def _spread(images: float, partitions: int) -> list[int]:
    """So many images on partitions in turn."""
    share, rest = divmod(round(images), partitions)
    return [share + (number < rest) for number in range(partitions)]
