"""State of a loop for its health checks: whether it moves, and whether it has joined its group."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

SPARE_AFTER_S: Final = 15.0
"""A member that reaches its coordinator and has had no partition for so long is a spare."""


@dataclass
class LoopState:
    """Written by one loop, read by the health endpoint.

    Attributes:
        lost_answers: how many requests to its group's coordinator have timed out.
    """

    number: int
    clock: Callable[[], float] = time.monotonic
    running: bool = True
    partitions: int = 0
    in_touch_since: float | None = None
    lost_answers: int = 0
    moved_at: float = field(init=False)

    def __post_init__(self) -> None:
        self.moved_at = self.clock()

    def tick(self) -> None:
        """The loop moves: it took a turn, or is waiting for Kafka with a deadline."""
        self.moved_at = self.clock()

    def in_touch(self, coordinator: bool) -> None:  # noqa: FBT001 - a state, not a switch
        """Set whether the loop's consumer has a coordinator."""
        if not coordinator:
            self.in_touch_since = None
        elif self.in_touch_since is None:
            self.in_touch_since = self.clock()

    def still_s(self) -> float:
        """Seconds since the loop last moved."""
        return self.clock() - self.moved_at

    @property
    def is_spare(self) -> bool:
        """A member of the group with nothing to do."""
        since = self.in_touch_since
        return not self.partitions and since is not None and self.clock() - since > SPARE_AFTER_S
